/// Cuts the body of a stream into messages: each is a flag byte, a 4-byte big-endian length, and as many bytes.
struct MessageAssembler {
  private var buffer: [UInt8] = []
  private var offset = 0
  let maximumMessageBytes: Int

  static let prefixByteCount = 5

  init(maximumMessageBytes: Int) {
    self.maximumMessageBytes = maximumMessageBytes
  }

  var isEmpty: Bool { offset == buffer.count }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if offset > 0, offset == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      offset = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Lends the next whole message to `body`; nil when more bytes are needed.
  /// - Throws: `RPCError` for a compressed message and for one over the limit, as soon as its prefix says so.
  mutating func next<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(RPCError) -> R? {
    let available = buffer.count - offset
    guard available >= Self.prefixByteCount else { return nil }
    let flag = buffer[offset]
    guard flag <= 1 else { throw .internal("the compression flag of a message is \(flag), not 0 or 1") }
    guard flag == 0 else { throw .internal("a message is compressed although no grpc-encoding was agreed") }
    let length = (1...4).reduce(0) { $0 << 8 | Int(buffer[offset + $1]) }
    guard length <= maximumMessageBytes else {
      throw .resourceExhausted("a message has \(length) bytes, the limit is \(maximumMessageBytes)")
    }
    guard available >= Self.prefixByteCount + length else { return nil }
    let start = offset + Self.prefixByteCount
    offset = start + length
    return buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<start + length])) }
  }

  /// The message in bytes that hold exactly one and nothing else; nil for any other number.
  static func only(
    in bytes: UnsafeRawBufferPointer, maximumMessageBytes: Int
  ) -> UnsafeRawBufferPointer? {
    guard bytes.count >= prefixByteCount, bytes[0] == 0 else { return nil }
    let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    guard length == bytes.count - prefixByteCount, length <= maximumMessageBytes else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[prefixByteCount...])
  }

  /// Bytes of messages that are complete or not, and not taken yet.
  var pendingByteCount: Int { buffer.count - offset }

  /// Drops what was taken.
  mutating func compact() {
    guard offset > 0 else { return }
    buffer.removeFirst(offset)
    offset = 0
  }

  /// Writes the prefix of a message of `length` bytes.
  static func writePrefix(length: Int, to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: 0, as: UInt8.self)
    memory.storeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, toByteOffset: 1, as: UInt32.self)
  }
}
