/// A decimal of any size (`numeric`), kept as its digits: never a binary fraction.
public struct PostgresNumeric: Sendable, Hashable, CustomStringConvertible {
  /// As PostgreSQL writes it: `-12.3400`, or `NaN`, `Infinity`, `-Infinity`.
  public let text: String

  /// - Parameter text: checked by PostgreSQL when it is used; what is no number fails there with `22P02`.
  public init(_ text: String) {
    self.text = text
  }

  public var description: String { text }
}

/// A document for a `jsonb` column, as text. PostgreSQL checks it.
public struct PostgresJSON: Sendable, Hashable, CustomStringConvertible {
  public let text: String

  public init(_ text: String) {
    self.text = text
  }

  public var description: String { text }
}

/// A one-dimensional array without nulls, for `= any($1)` and array columns.
public struct PostgresArray<Element: PostgresArrayElement>: Sendable {
  public let elements: [Element]

  public init(_ elements: [Element]) {
    self.elements = elements
  }
}

extension PostgresArray: Equatable where Element: Equatable {}
extension PostgresArray: Hashable where Element: Hashable {}
