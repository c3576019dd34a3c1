/// One file of a schema, as server reflection shows it.
public struct ReflectionFile: Sendable {
  /// The path the file is imported by: `cloudbill/billing/v1/billing.proto`.
  public let name: String
  /// A serialized `google.protobuf.FileDescriptorProto`.
  public let bytes: [UInt8]
  /// The full names of the messages, enums, services and methods it declares.
  public let symbols: [String]

  public init(name: String, bytes: [UInt8], symbols: [String]) {
    self.name = name
    self.bytes = bytes
    self.symbols = symbols
  }
}
