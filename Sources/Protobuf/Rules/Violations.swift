/// One rule of the schema that a message breaks.
public struct Violation: Hashable, Sendable {
  /// The field by its JSON path: `planId`, `items.2.quantity`, `labels.colour`; empty for the message itself.
  public var field: String
  /// The rule by its name in `buf.validate`: `string.min_len`, `required`.
  public var rule: String
  /// What the field takes, in words that go on after "expected".
  public var expected: String

  public init(field: String, rule: String, expected: String) {
    self.field = field
    self.rule = rule
    self.expected = expected
  }
}

extension Violation: CustomStringConvertible {
  public var description: String { "\(field.isEmpty ? "the request" : field): expected \(expected)" }
}

/// Collects the rules that a message breaks. Takes no memory while there are none.
public struct Violations: Sendable {
  public internal(set) var list: [Violation] = []
  /// Most that are collected: a list with thousands of wrong elements must not make an answer of that size.
  public let limit: Int

  @inlinable
  public init(limit: Int = 20) { self.limit = limit }

  @inlinable public var isEmpty: Bool { list.isEmpty }
  @inlinable public var count: Int { list.count }

  // What generated `check(_:)` methods are written with.

  /// Notes a broken rule. Not inlined, so that the code of a check stays short.
  @inline(never)
  public mutating func add(_ field: StaticString, _ rule: StaticString, _ expected: StaticString) {
    guard list.count < limit else { return }
    list.append(Violation(field: field.description, rule: rule.description, expected: expected.description))
  }

  /// Puts the name of the field around what has been noted since there were `count`.
  @inlinable
  public mutating func within(_ field: @autoclosure () -> String, since count: Int) {
    if list.count > count { put(field(), around: count) }
  }

  @usableFromInline
  mutating func put(_ field: String, around count: Int) {
    let field = field.excerpt
    for index in count..<list.count {
      list[index].field = list[index].field.isEmpty ? field : "\(field).\(list[index].field)"
    }
  }
}

extension Message {
  /// Notes the rules of the schema that the message breaks; generated for messages that have some.
  @inlinable
  public func check(_ found: inout Violations) {}

  /// The rules of the schema that the message breaks, at most `limit` of them.
  public func violations(limit: Int = 20) -> [Violation] {
    var found = Violations(limit: limit)
    check(&found)
    return found.list
  }
}
