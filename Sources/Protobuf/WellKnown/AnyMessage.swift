public import CWellKnown

/// A serialized message beside its type's name, `google.protobuf.Any`.
public struct AnyMessage: Message {
  public typealias Storage = Google__Protobuf__Any

  /// `type.googleapis.com/` and the full name of the message.
  public var typeURL: String
  public var value: [UInt8]

  public init() { self.init(typeURL: "", value: []) }

  public init(typeURL: String, value: [UInt8]) {
    self.typeURL = typeURL
    self.value = value
  }

  public init(_ storage: UnsafePointer<Storage>) {
    typeURL = String(storage: storage.pointee.type_url)
    value = [UInt8](storage: storage.pointee.value)
  }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.type_url = arena.store(typeURL)
    storage.pointee.value = arena.store(value)
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Any", descriptor: .of(google__protobuf__any__init),
    fields: [FieldSchema(name: "type_url", jsonName: "typeUrl"), FieldSchema(name: "value", jsonName: "value")])
}
