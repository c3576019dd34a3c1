/// Where something stands in a `.proto` file, for messages to people.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// Counted from 1; 0 when the descriptor carries no source information.
  public var line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  public var description: String { line > 0 ? "\(file):\(line)" : file }
}

/// Everything the renderers know: plain values made from the descriptors that `protoc` hands over.
public struct SchemaModel: Sendable {
  /// All files, imports before those who import them.
  public var files: [FileModel]
  /// The parameter of the plugin run.
  public var options: GeneratorOptions

  /// The files named on the command line.
  public var generated: [FileModel] { files.filter(\.isGenerated) }
}

/// One `.proto` file.
public struct FileModel: Sendable {
  public var name: String
  public var package: String
  public var syntax: String
  public var imports: [String]
  /// Whether output is asked for, or the file is only imported.
  public var isGenerated: Bool
  public var messages: [MessageModel]
  public var enums: [EnumModel]
  public var services: [ServiceModel]
  /// Whether an extension is declared: only option files may.
  public var declaresExtensions: Bool

  public var location: SourceLocation { SourceLocation(file: name, line: 0) }
}

/// A message type.
public struct MessageModel: Sendable {
  /// `cloudbill.billing.v1.Subscription`, without a leading dot.
  public var fullName: String
  public var package: String
  /// The names of the messages around it and its own, such as `["HealthCheckResponse"]`.
  public var path: [String]
  /// In the order of the file.
  public var fields: [FieldModel]
  public var oneofs: [OneofModel]
  public var messages: [MessageModel]
  public var enums: [EnumModel]
  /// Rules across its fields, which the generator makes no checks of.
  public var unsupportedRules: [String]
  /// Whether it is the entry type that `protoc` makes for a map field.
  public var isMapEntry: Bool
  public var comment: String
  public var location: SourceLocation

  public var name: String { path[path.count - 1] }

  /// Whether a oneof is only `protoc`'s way to say that its one field is `optional`.
  public func isSynthetic(_ oneof: Int) -> Bool { fields.contains { $0.oneof == oneof && $0.isProto3Optional } }
}

/// What a field holds.
public enum FieldType: Hashable, Sendable {
  case double, float
  case int64, uint64, int32, uint32
  case bool, string, bytes
  /// A message, by its full name.
  case message(String)
  /// An enum, by its full name.
  case enumeration(String)
  /// A proto2 group: refused.
  case group
}

/// How a field is spelled in JSON, beyond what its type says.
public enum FieldFormat: Hashable, Sendable {
  case plain
  /// Minor units; the currency is in the named field of the same message.
  case money(currencyField: String)
  /// Units of 10^-scale.
  case decimal(scale: Int)
}

/// One field of a message.
public struct FieldModel: Sendable {
  public var name: String
  public var jsonName: String
  public var number: Int
  public var type: FieldType
  public var isRepeated: Bool
  public var isProto3Optional: Bool
  /// The index in the message's `oneofs`.
  public var oneof: Int?
  public var format: FieldFormat
  /// Whether the options say how an amount is meant, be it that it is none.
  public var formatIsDeclared: Bool
  /// The kind of rules that fits its type, by the name in `buf.validate.FieldRules`; `nil` for a message.
  public var ruleKind: String?
  public var rules: FieldRules
  /// The bounds of a `google.protobuf.Struct`.
  public var object: ObjectRule?
  /// What a value that breaks a rule is told to be; empty leaves it to the rule.
  public var expected: String
  public var isDeprecated: Bool
  public var comment: String
  public var location: SourceLocation
}

/// A oneof of a message.
public struct OneofModel: Sendable {
  public var name: String
  /// Whether one member has to be set.
  public var isRequired: Bool
  /// Rules that the generator makes no checks of.
  public var unsupportedRules: [String]
  public var comment: String
  public var location: SourceLocation
}

/// An enum type.
public struct EnumModel: Sendable {
  public var fullName: String
  public var package: String
  public var path: [String]
  public var values: [EnumValueModel]
  public var comment: String
  public var location: SourceLocation

  public var name: String { path[path.count - 1] }
}

/// One value of an enum.
public struct EnumValueModel: Sendable {
  public var name: String
  public var number: Int32
  /// The spelling in REST JSON, when the options give one.
  public var json: String?
  public var comment: String
  public var location: SourceLocation
}

/// A service.
public struct ServiceModel: Sendable {
  public var fullName: String
  public var package: String
  public var name: String
  public var methods: [MethodModel]
  public var comment: String
  public var location: SourceLocation
}

/// One method of a service.
public struct MethodModel: Sendable {
  public var name: String
  public var service: String
  /// Full name of the request message.
  public var input: String
  /// Full name of the response message.
  public var output: String
  public var clientStreaming: Bool
  public var serverStreaming: Bool
  /// The routes of `google.api.http`, the first one and its additional bindings.
  public var bindings: [HTTPBinding]
  public var rule: MethodRule?
  public var comment: String
  public var location: SourceLocation

  /// The path of the HTTP/2 request.
  public var path: String { "/\(service)/\(name)" }
}
