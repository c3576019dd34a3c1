/// Decodes a chunked body (RFC 9112 section 7.1): a pure machine fed with bytes. Extensions and trailers are checked
/// and dropped.
struct HTTP1ChunkedBody: Sendable {
  private enum State: UInt8 {
    case size, sizeOrEnd, extensions, sizeLineFeed, data, dataCarriageReturn, dataLineFeed, trailers, finished
  }

  /// 16 digits fill 64 bits: one more could overflow.
  private static let mostSizeDigits = 16

  private var state = State.size
  private var remaining: UInt64 = 0
  private var digits = 0
  private var extensionBytes = 0
  private var trailerBytes = 0
  private var trailers = HTTP1FieldParser()
  private var dropped: [HTTPField] = []

  var isFinished: Bool { state == .finished }

  /// Reads from `offset`, appends what was in the chunks to `body`, and returns the offset after the last byte used.
  mutating func consume(
    _ input: RawSpan, from offset: Int, limits: EdgeLimits, into body: inout [UInt8]
  ) throws(HTTPRejection) -> Int {
    var index = offset
    while index < input.byteCount, state != .finished {
      let byte = input.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      switch state {
      case .size, .sizeOrEnd:
        try readSize(byte, room: limits.bodyBytes - body.count)
      case .extensions:
        extensionBytes += 1
        guard extensionBytes <= limits.chunkExtensionBytes else {
          throw .malformed("The chunk extensions are too long")
        }
        if byte == ASCII.carriageReturn {
          state = .sizeLineFeed
        } else if !ASCII.isFieldValue(byte) {
          throw .malformed("A chunk extension has a character that is not allowed")
        }
      case .sizeLineFeed:
        guard byte == ASCII.lineFeed else { throw .malformed("A carriage return without a line feed") }
        state = remaining == 0 ? .trailers : .data
      case .data:
        let count = min(Int(remaining), input.byteCount - index)
        body.append(input, index..<index + count)
        remaining -= UInt64(count)
        if remaining == 0 { state = .dataCarriageReturn }
        index += count
        continue
      case .dataCarriageReturn:
        guard byte == ASCII.carriageReturn else { throw .malformed("A chunk is longer than its size") }
        state = .dataLineFeed
      case .dataLineFeed:
        guard byte == ASCII.lineFeed else { throw .malformed("A carriage return without a line feed") }
        digits = 0
        state = .size
      case .trailers:
        let end = try trailers.consume(input, from: index, position: trailerBytes, limits: limits, into: &dropped)
        trailerBytes += end - index
        if trailers.isFinished { state = .finished }
        index = end
        continue
      case .finished:
        break
      }
      index += 1
    }
    return index
  }

  private mutating func readSize(_ byte: UInt8, room: Int) throws(HTTPRejection) {
    if let digit = ASCII.hexadecimal(byte) {
      digits += 1
      guard digits <= Self.mostSizeDigits else { throw .malformed("A chunk size is too large") }
      remaining = remaining << 4 | UInt64(digit)
      state = .sizeOrEnd
      return
    }
    guard state == .sizeOrEnd else { throw .malformed("A chunk size is missing or malformed") }
    switch byte {
    case ASCII.carriageReturn: state = .sizeLineFeed
    case ASCII.semicolon: state = .extensions
    case ASCII.lineFeed: throw .malformed("A line feed without a carriage return")
    default: throw .malformed("A chunk size is missing or malformed")
    }
    guard remaining <= UInt64(room) else { throw .bodyTooLarge }
  }
}
