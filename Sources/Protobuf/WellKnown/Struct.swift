internal import CProtobufC
public import CWellKnown

/// A JSON object, `google.protobuf.Struct`.
public struct Struct: Message, ExpressibleByDictionaryLiteral {
  public typealias Storage = Google__Protobuf__Struct

  public var fields: TextMap<Value>

  public init() { fields = [:] }

  public init(fields: TextMap<Value>) {
    self.fields = fields
  }

  /// The last of several values of a key stays.
  public init(fields: some Sequence<(key: String, value: Value)>) {
    self.fields = TextMap(fields)
  }

  public init(dictionaryLiteral elements: (String, Value)...) {
    fields = TextMap(elements.lazy.map { (key: $0, value: $1) })
  }

  public init(_ storage: UnsafePointer<Storage>) {
    let entries = [FieldsEntry](storage: storage.pointee.fields, count: storage.pointee.n_fields)
    fields = TextMap(entries.lazy.map { (key: $0.key, value: $0.value ?? .null) })
  }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    let entries = fields.sorted().map { FieldsEntry(key: $0.key, value: $0.value) }
    (storage.pointee.fields, storage.pointee.n_fields) = arena.store(entries)
  }

  /// One entry of the map on the wire.
  public struct FieldsEntry: Message {
    public typealias Storage = Google__Protobuf__Struct__FieldsEntry

    public var key: String
    public var value: Value?

    public init() { self.init(key: "", value: nil) }

    public init(key: String, value: Value?) {
      self.key = key
      self.value = value
    }

    public init(_ storage: UnsafePointer<Storage>) {
      key = String(storage: storage.pointee.key)
      value = Value(storage: storage.pointee.value)
    }

    public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
      storage.pointee.key = arena.store(key)
      storage.pointee.value = arena.store(value)
    }

    public static let schema: MessageSchema = MessageSchema(
      name: "google.protobuf.Struct.FieldsEntry",
      // The entry has no `__init` of its own; the descriptor is reached through the field that holds it.
      descriptor: MessageDescriptor(
        Struct.schema.descriptor.pointer.pointee.fields[0].descriptor
          .assumingMemoryBound(to: ProtobufCMessageDescriptor.self)),
      fields: [
        FieldSchema(name: "key", jsonName: "key"),
        FieldSchema(name: "value", jsonName: "value", type: .message { Value.schema }),
      ])
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Struct", descriptor: .of(google__protobuf__struct__init),
    fields: [FieldSchema(name: "fields", jsonName: "fields", type: .map { FieldsEntry.schema })])
}
