/// Cuts the body of a stream into messages: each is a flag byte, a 4-byte big-endian length, and as many bytes. Messages stay in the form
/// they came in until they are taken, so that a message costs what it cost on the wire, an empty one its prefix.
struct MessageAssembler {
  private var buffer: [UInt8] = []
  /// Where the first message that was not taken begins.
  private var offset = 0
  /// Where the last message ends that is known to be whole.
  private var wholeEnd = 0
  let maximumMessageBytes: Int

  static let prefixByteCount = 5
  /// An empty buffer that is larger goes back to the allocator.
  private static let keptCapacity = 16 * 1024

  init(maximumMessageBytes: Int) {
    self.maximumMessageBytes = maximumMessageBytes
  }

  var isEmpty: Bool { offset == buffer.count }

  /// Bytes of messages that are complete or not, and not taken yet.
  var pendingByteCount: Int { buffer.count - offset }

  /// Whether `check` has found a message that can be taken.
  var hasMessage: Bool { offset < wholeEnd }

  /// Whether the last message has arrived in part, as far as `check` has looked.
  var endsWithinMessage: Bool { wholeEnd < buffer.count }

  /// Bytes of the message that has arrived in part, with its prefix; nil when that is not known yet.
  var partialMessageByteCount: Int? { endOfPartialMessage.map { $0 - wholeEnd } }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count)
    buffer.append(contentsOf: bytes)
  }

  /// Makes room at the end. What was taken is dropped when it is as much as what stays, so each byte is moved once at most.
  private mutating func reserve(_ byteCount: Int) {
    if offset > 0, offset >= buffer.count - offset {
      buffer.removeFirst(offset)
      wholeEnd -= offset
      offset = 0
    }
    let needed = buffer.count + byteCount
    guard needed > buffer.capacity else { return }
    // An array doubles its capacity. The rest of a large message is known, and no more is taken than that.
    guard let end = endOfPartialMessage, needed <= end else { return }
    buffer.reserveCapacity(min(end, max(needed, buffer.capacity * 2)))
  }

  private mutating func releaseLargeBuffer() {
    guard isEmpty, buffer.capacity > Self.keptCapacity else { return }
    buffer = []
    offset = 0
    wholeEnd = 0
  }

  private var endOfPartialMessage: Int? {
    guard buffer.count - wholeEnd >= Self.prefixByteCount else { return nil }
    return wholeEnd + Self.prefixByteCount + length(at: wholeEnd)
  }

  private func length(at start: Int) -> Int {
    (1...4).reduce(0) { $0 << 8 | Int(buffer[start + $1]) }
  }

  /// Looks at the messages that have arrived since the last time.
  /// - Throws: `RPCError` for a compressed message and for one over the limit, as soon as its prefix says so.
  mutating func check() throws(RPCError) {
    while let end = try endOfMessage(at: wholeEnd), end <= buffer.count { wholeEnd = end }
  }

  /// Nil when the prefix is not there.
  private func endOfMessage(at start: Int) throws(RPCError) -> Int? {
    guard buffer.count - start >= Self.prefixByteCount else { return nil }
    let flag = buffer[start]
    guard flag <= 1 else { throw .internal("the compression flag of a message is \(flag), not 0 or 1") }
    guard flag == 0 else { throw .internal("a message is compressed although no grpc-encoding was agreed") }
    let length = length(at: start)
    guard length <= maximumMessageBytes else {
      throw .resourceExhausted("a message has \(length) bytes, the limit is \(maximumMessageBytes)")
    }
    return start + Self.prefixByteCount + length
  }

  /// Lends the next whole message to `body`; nil when more bytes are needed.
  /// - Throws: as `check` does.
  mutating func next<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(RPCError) -> R? {
    guard let end = try endOfMessage(at: offset), end <= buffer.count else { return nil }
    let start = offset + Self.prefixByteCount
    offset = end
    wholeEnd = max(wholeEnd, end)
    defer { releaseLargeBuffer() }
    return buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
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

  /// Writes the prefix of a message of `length` bytes.
  static func writePrefix(length: Int, to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: 0, as: UInt8.self)
    memory.storeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, toByteOffset: 1, as: UInt32.self)
  }
}
