public import Postgres
public import Protobuf

/// An enumeration of the schema that a column holds as text, in the spelling that the schema gives it for JSON.
public protocol SpelledEnum: MessageEnum, PostgresConvertible where Stored == String {}

extension SpelledEnum {
  /// Nil for a text that is none of the spellings.
  public init?(stored: String) {
    guard let value = Self.schema.values.first(where: { $0.json?.utf8.elementsEqual(stored.utf8) ?? false }) else {
      return nil
    }
    self.init(rawValue: value.number)
  }

  /// Empty for a value without a spelling, which no column accepts.
  public var stored: String { spelling ?? "" }

  /// Nil for a value without a spelling: the unspecified one, and those that this schema does not know.
  public var spelling: String? {
    let number = rawValue
    return Self.schema.values.first { $0.number == number }?.json
  }
}
