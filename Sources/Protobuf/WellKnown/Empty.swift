public import CWellKnown

/// A message without fields, `google.protobuf.Empty`.
public struct Empty: Message {
  public typealias Storage = Google__Protobuf__Empty

  public init() {}
  public init(_ storage: UnsafePointer<Storage>) {}
  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {}

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Empty", descriptor: .of(google__protobuf__empty__init))
}
