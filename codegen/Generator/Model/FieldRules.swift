/// The rules of a field, as the `buf.validate.field` option says them.
public struct FieldRules: Hashable, Sendable {
  /// When a field's rules are not asked.
  public enum Ignore: Hashable, Sendable {
    /// When the field has presence and is not set.
    case unset
    /// Also when it has no presence and is zero or empty.
    case zero
    case always
  }

  public var isRequired = false
  public var ignore = Ignore.unset
  /// Which kind of rules they are by the name in `FieldRules.type`: `string`, `sint32`, `repeated`; `nil` when there are none.
  public var kind: String?
  public var values: [ValueRule] = []
  /// Rules that the generator makes no checks of, by name.
  public var unsupported: [String] = []
  /// Rules of a list's entries or of a map's keys and values: none or one each.
  public var items: [FieldRules] = []
  public var keys: [FieldRules] = []
  public var mapValues: [FieldRules] = []

  public var isEmpty: Bool { self == FieldRules() }

  /// The argument of a rule of this name.
  func value(_ name: String) -> RuleValue? { values.first { $0.name == name }?.value }

  /// The arguments of a rule that may be given several times.
  func list(_ name: String) -> [RuleValue] { values.filter { $0.name == name }.map(\.value) }

  func count(_ name: String) -> UInt64? {
    if case .unsigned(let count) = value(name) { return count }
    return nil
  }

  func text(_ name: String) -> String? {
    if case .text(let text) = value(name) { return text }
    return nil
  }

  func has(_ name: String) -> Bool { value(name) == .flag(true) }
}

/// One rule with one argument, such as `min_len` and 3.
public struct ValueRule: Hashable, Sendable {
  public var name: String
  public var value: RuleValue
}

/// The argument of a rule.
public enum RuleValue: Hashable, Sendable {
  case integer(Int64)
  case unsigned(UInt64)
  case single(Float)
  case double(Double)
  case flag(Bool)
  case text(String)
  case bytes([UInt8])

  /// As Swift writes it.
  var literal: String {
    switch self {
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .single(let value): "\(value)"
    case .double(let value): "\(value)"
    case .flag(let value): "\(value)"
    case .text(let text): SwiftLiteral.string(text)
    case .bytes(let bytes): "[" + bytes.map { "\($0)" }.joined(separator: ", ") + "]"
    }
  }

  /// Whether one value is below another of the same kind.
  static func isBelow(_ left: RuleValue, _ right: RuleValue) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)): left < right
    case (.unsigned(let left), .unsigned(let right)): left < right
    case (.single(let left), .single(let right)): left < right
    case (.double(let left), .double(let right)): left < right
    default: false
    }
  }
}

/// How large an object of free JSON may be, as `cloudbill.options.v1.field` says it: `buf.validate` has no words for that.
public struct ObjectRule: Hashable, Sendable {
  public var maximumBytes: Int
  public var maximumDepth: Int
}
