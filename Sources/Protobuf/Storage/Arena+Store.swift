public import CProtobufC

// What generated `store(into:arena:)` methods are written with: Swift values copied into the arena in protobuf-c's representation.
extension Arena {
  /// A NUL-terminated copy, also of "": protobuf-c would follow a null pointer in a repeated field and lose one in a oneof. A string
  /// with U+0000 in it cannot be carried and is remembered as the failure of this message.
  public func store(_ string: String) -> UnsafeMutablePointer<CChar>? {
    var string = string
    return string.withUTF8 { bytes in
      if containsNUL(UnsafeRawBufferPointer(bytes)) { failure = .embeddedNUL(path: "") }
      return storeText(UnsafeRawBufferPointer(bytes))
    }
  }

  public func store(_ bytes: [UInt8]) -> ProtobufCBinaryData {
    guard !bytes.isEmpty else { return ProtobufCBinaryData(len: 0, data: nil) }
    let copy = allocate(UInt8.self, count: bytes.count)
    copy.initialize(from: bytes, count: bytes.count)
    return ProtobufCBinaryData(len: bytes.count, data: copy)
  }

  /// A message of its own in the arena, `nil` for none.
  @inlinable
  public func store<M: Message>(_ message: M?) -> UnsafeMutablePointer<M.Storage>? {
    guard let message else { return nil }
    return storePresent(message)
  }

  @inlinable
  func storePresent<M: Message>(_ message: M) -> UnsafeMutablePointer<M.Storage> {
    let storage = allocate(M.Storage.self, count: 1)
    initialize(UnsafeMutableRawPointer(storage), M.schema)
    message.store(into: storage, arena: self)
    return storage
  }

  @usableFromInline
  func initialize(_ storage: UnsafeMutableRawPointer, _ schema: MessageSchema) {
    protobuf_c_message_init(schema.descriptor.pointer, storage.assumingMemoryBound(to: ProtobufCMessage.self))
  }

  public func store<M: Message>(_ messages: [M]) -> (UnsafeMutablePointer<UnsafeMutablePointer<M.Storage>?>?, Int) {
    storeElements(messages) { storePresent($0) }
  }

  public func store(_ strings: [String]) -> (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, Int) {
    storeElements(strings) { store($0) }
  }

  public func store(_ blobs: [[UInt8]]) -> (UnsafeMutablePointer<ProtobufCBinaryData>?, Int) {
    storeElements(blobs) { store($0) }
  }

  public func store(_ flags: [Bool]) -> (UnsafeMutablePointer<protobuf_c_boolean>?, Int) {
    storeElements(flags) { $0 ? 1 : 0 }
  }

  public func store<Scalar: BitwiseCopyable>(_ scalars: [Scalar]) -> (UnsafeMutablePointer<Scalar>?, Int) {
    storeElements(scalars) { $0 }
  }

  /// An array in the arena with `element` of each value, and its count.
  public func storeElements<Value, Element>(
    _ values: [Value], _ element: (Value) -> Element
  ) -> (UnsafeMutablePointer<Element>?, Int) {
    guard !values.isEmpty else { return (nil, 0) }
    let elements = allocate(Element.self, count: values.count)
    for (index, value) in values.enumerated() { (elements + index).initialize(to: element(value)) }
    return (elements, values.count)
  }
}

func containsNUL(_ bytes: UnsafeRawBufferPointer) -> Bool {
  bytes.contains(0)
}
