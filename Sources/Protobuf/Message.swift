internal import CProtobufC

/// A Swift value generated from a message of a `.proto` file. On the wire it goes through protobuf-c, in an arena.
public protocol Message: Hashable, Sendable {
  /// The struct that protoc-c made.
  associatedtype Storage

  static var schema: MessageSchema { get }

  init()

  /// Copies the value out of the C message.
  init(_ storage: UnsafePointer<Storage>)

  /// Copies the value into a C message that has been initialised; what it points to lives in the arena.
  func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena)

  /// Notes the rules of the schema (`buf.validate`) that the message breaks, those of the messages in it included. Generated for
  /// messages that have some; without rules it does nothing.
  func check(_ found: inout Violations)
}

/// An open enumeration of a `.proto` file.
public protocol MessageEnum: Hashable, Sendable {
  init(rawValue: Int32)
  var rawValue: Int32 { get }
  static var schema: EnumSchema { get }
}

extension Message {
  /// Decodes a message. The arena is reset before and after, so it may be shared by everything a thread decodes.
  /// - Throws: `ProtobufError` naming the field for malformed bytes, text that is not UTF-8 or holds U+0000, and exceeded limits.
  // Inlinable, as `serialize` is: servers and clients are generic over messages in a module of their own, and through witness tables
  // decoding takes a third longer.
  @inlinable
  public init(
    serialized bytes: UnsafeRawBufferPointer, arena: Arena, limits: DecodingLimits = DecodingLimits()
  ) throws(ProtobufError) {
    arena.reset()
    defer { arena.reset() }
    let message = try arena.unpacked(bytes, schema: Self.schema, limits: limits)
    // The C message lies in the arena, which must last until everything has been copied out of it.
    self = withExtendedLifetime(arena) { Self(message.assumingMemoryBound(to: Storage.self)) }
  }

  public init(serialized bytes: RawSpan, arena: Arena, limits: DecodingLimits = DecodingLimits()) throws(ProtobufError)
  {
    // RawSpan's closure cannot throw a typed error yet, so the result is carried out.
    let result: Result<Self, ProtobufError> = bytes.withUnsafeBytes { buffer in
      do throws(ProtobufError) {
        return .success(try Self(serialized: buffer, arena: arena, limits: limits))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  public init(serialized bytes: [UInt8], limits: DecodingLimits = DecodingLimits()) throws(ProtobufError) {
    self = try Self(serialized: bytes.span.bytes, arena: Arena(), limits: limits)
  }

  /// Encodes the message into the arena's memory, after `prefix` bytes that are left for the caller to fill. The arena is not reset.
  /// - Throws: `ProtobufError.embeddedNUL` when a string holds U+0000.
  @inlinable
  public func serialize(into arena: Arena, prefix: Int = 0) throws(ProtobufError) -> UnsafeMutableRawBufferPointer {
    try arena.packed(UnsafeRawPointer(arena.storePresent(self)), prefix: prefix)
  }

  public func serialized() throws(ProtobufError) -> [UInt8] {
    let arena = Arena()
    // The bytes lie in the arena, which nothing else would keep until they have been copied.
    return try withExtendedLifetime(arena) { () throws(ProtobufError) in [UInt8](try serialize(into: arena)) }
  }
}

extension Arena {
  /// The C message as it goes onto the wire, after `prefix` bytes that are left to fill.
  @usableFromInline
  func packed(_ storage: UnsafeRawPointer, prefix: Int) throws(ProtobufError) -> UnsafeMutableRawBufferPointer {
    if let failure {
      self.failure = nil
      throw failure
    }
    let message = storage.assumingMemoryBound(to: ProtobufCMessage.self)
    let byteCount = protobuf_c_message_get_packed_size(message)
    let output = UnsafeMutableRawBufferPointer(
      start: allocate(byteCount: prefix + byteCount), count: prefix + byteCount)
    if byteCount > 0, let start = output.baseAddress {
      protobuf_c_message_pack(message, (start + prefix).assumingMemoryBound(to: UInt8.self))
    }
    return output
  }

  /// Checks the bytes and unpacks them into this arena, as generic code without the C types sees it.
  @usableFromInline
  func unpacked(
    _ bytes: UnsafeRawBufferPointer, schema: MessageSchema, limits: DecodingLimits
  ) throws(ProtobufError) -> UnsafeRawPointer {
    UnsafeRawPointer(try unpack(bytes, schema: schema, limits: limits))
  }

  /// Checks the bytes and unpacks them into this arena.
  func unpack(
    _ bytes: UnsafeRawBufferPointer, schema: MessageSchema, limits: DecodingLimits
  ) throws(ProtobufError) -> UnsafeMutablePointer<ProtobufCMessage> {
    guard bytes.count <= limits.maximumBytes else {
      throw .tooLarge(byteCount: bytes.count, limit: limits.maximumBytes)
    }
    let descriptor = schema.descriptor.pointer
    try WireValidator(limits: limits).validate(bytes, descriptor)
    limit = limits.maximumMemory
    defer { limit = .max }
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = protobuf_c_message_unpack(descriptor, allocator, bytes.count, start) else {
      if isExhausted { throw .outOfMemory(limit: limits.maximumMemory) }
      throw .malformed(path: "", reason: "not a valid \(schema.name)")
    }
    return message
  }
}
