internal import CProtobufC

/// Where one field of a C message lies. Knows protobuf-c's layout, so that nothing else has to.
struct FieldPlace {
  let descriptor: UnsafePointer<ProtobufCFieldDescriptor>
  let base: UnsafeMutableRawPointer

  @inline(__always)
  var type: ProtobufCType { descriptor.pointee.type }
  @inline(__always)
  var isRepeated: Bool { descriptor.pointee.label == PROTOBUF_C_LABEL_REPEATED }
  @inline(__always)
  var isInOneof: Bool { descriptor.pointee.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 }
  /// The member itself: the value, or for a repeated field the pointer to the elements.
  @inline(__always)
  var member: UnsafeMutableRawPointer { base + Int(descriptor.pointee.offset) }

  private var quantifier: UnsafeMutableRawPointer { base + Int(descriptor.pointee.quantifier_offset) }

  /// Elements of a repeated field.
  var count: Int {
    get { quantifier.load(as: Int.self) }
    nonmutating set { quantifier.storeBytes(of: newValue, as: Int.self) }
  }

  var elements: UnsafeMutableRawPointer? {
    get { member.load(as: UnsafeMutableRawPointer?.self) }
    nonmutating set { member.storeBytes(of: newValue, as: UnsafeMutableRawPointer?.self) }
  }

  /// Number of the member of the oneof that is set, 0 for none.
  var oneofCase: UInt32 {
    get { quantifier.load(as: UInt32.self) }
    nonmutating set { quantifier.storeBytes(of: newValue, as: UInt32.self) }
  }

  /// Whether a field that can be absent is present: a member of a oneof, or a message.
  var isSet: Bool {
    if isInOneof, oneofCase != descriptor.pointee.id { return false }
    return type != PROTOBUF_C_TYPE_MESSAGE || member.load(as: UnsafeMutableRawPointer?.self) != nil
  }

  /// Notes that the field is the one set in its oneof, if it is in one.
  func select() {
    if isInOneof { oneofCase = descriptor.pointee.id }
  }

  /// What the C descriptor of a message field leads to.
  var messageDescriptor: UnsafePointer<ProtobufCMessageDescriptor>? {
    descriptor.pointee.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
  }

  /// Bytes of one value of the field.
  @inline(__always)
  var valueByteCount: Int { Self.byteCount(of: type) }

  @inline(__always)
  static func byteCount(of type: ProtobufCType) -> Int {
    switch type {
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_UINT64,
      PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_MESSAGE:
      8
    case PROTOBUF_C_TYPE_BYTES: MemoryLayout<ProtobufCBinaryData>.stride
    default: 4
    }
  }

  /// Whether the value is what an absent field means in proto3.
  var isDefault: Bool {
    switch type {
    case PROTOBUF_C_TYPE_STRING:
      guard let text = member.load(as: UnsafePointer<UInt8>?.self) else { return true }
      return text.pointee == 0
    case PROTOBUF_C_TYPE_BYTES: return member.load(as: ProtobufCBinaryData.self).len == 0
    default:
      // The bits decide, so that -0.0 counts as a value.
      return valueByteCount == 8 ? member.load(as: UInt64.self) == 0 : member.load(as: UInt32.self) == 0
    }
  }
}

extension MessageSchema {
  /// Where the field at a position of `fields` lies in the message at `base`.
  @inline(__always)
  func place(_ position: Int, in base: UnsafeMutableRawPointer) -> FieldPlace? {
    guard position < Int(descriptor.pointer.pointee.n_fields), let all = descriptor.pointer.pointee.fields else {
      return nil
    }
    return FieldPlace(descriptor: all + position, base: base)
  }
}

extension Arena {
  /// An empty C message.
  func makeMessage(_ schema: MessageSchema) -> UnsafeMutableRawPointer {
    let descriptor = schema.descriptor.pointer
    let memory = allocate(byteCount: descriptor.pointee.sizeof_message)
    protobuf_c_message_init(descriptor, memory.assumingMemoryBound(to: ProtobufCMessage.self))
    return memory
  }

  /// The NUL-terminated copy of bytes that hold none themselves.
  func storeText(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<CChar> {
    let copy = allocate(byteCount: bytes.count + 1)
    if let source = bytes.baseAddress { copy.copyMemory(from: source, byteCount: bytes.count) }
    copy.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
    return copy.assumingMemoryBound(to: CChar.self)
  }
}
