/// Which spelling of messages in JSON is meant.
public enum JSONForm: Sendable {
  /// Protobuf's canonical mapping: defaults left out, enums by name, 64-bit integers as strings.
  case proto3
  /// What the REST API documents: scalars always present (but empty strings left out), enums in their own spelling, 64-bit
  /// integers as numbers, money as a number of major units, times in whole seconds.
  case rest
}

/// How messages become JSON.
public struct JSONEncodingOptions: Sendable {
  public var form: JSONForm
  /// Finds the schema of what a `google.protobuf.Any` holds.
  public var typeRegistry: @Sendable (String) -> MessageSchema?

  public init(form: JSONForm = .proto3, typeRegistry: @escaping @Sendable (String) -> MessageSchema? = { _ in nil }) {
    self.form = form
    self.typeRegistry = typeRegistry
  }

  public static let proto3 = JSONEncodingOptions()
  public static let rest = JSONEncodingOptions(form: .rest)
}

/// How JSON becomes messages.
public struct JSONDecodingOptions: Sendable {
  /// In either form enums are read by name, number or own spelling, and times with any precision; `.rest` reads money as major units.
  public var form: JSONForm
  /// Most bytes of JSON.
  public var maximumBytes = 4 * 1024 * 1024
  /// Most levels of messages within messages, the outermost counted as 1.
  public var maximumDepth = 64
  /// Lets members that the schema does not know pass unread instead of refusing them.
  public var ignoresUnknownFields = false
  public var typeRegistry: @Sendable (String) -> MessageSchema? = { _ in nil }

  public init(form: JSONForm = .proto3) {
    self.form = form
  }

  public static let proto3 = JSONDecodingOptions()
  public static let rest = JSONDecodingOptions(form: .rest)
}
