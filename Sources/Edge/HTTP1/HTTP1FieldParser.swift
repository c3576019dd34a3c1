/// Reads header fields or trailer fields of HTTP/1.1 (RFC 9112 section 5), strictly: a pure machine fed with bytes.
///
/// Every decision is made on one byte and the state, so that where the input is split cannot change the outcome.
/// The bytes are kept in the caller's `HTTPRequestHead`, whose ranges this machine fills in.
struct HTTP1FieldParser: Sendable {
  private enum State: UInt8 {
    case lineStart, name, beforeValue, value, lineFeed, finalLineFeed, finished
  }

  private var state = State.lineStart
  private var current = HTTPField(name: ByteRange(), value: ByteRange())

  var isFinished: Bool { state == .finished }

  /// Reads from `offset` and returns the offset after the last byte used. `position` is the place in the head's bytes
  /// that the byte at `offset` will have; the caller appends the bytes used.
  mutating func consume(
    _ input: RawSpan, from offset: Int, position: Int, limits: EdgeLimits, into fields: inout [HTTPField]
  ) throws(HTTPRejection) -> Int {
    let shift = position - offset
    let stop = min(input.byteCount, offset + limits.headBytes - position)
    var index = offset
    while index < stop {
      let byte = input.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      switch state {
      case .lineStart:
        if byte == ASCII.carriageReturn {
          state = .finalLineFeed
        } else if ASCIISet.token.contains(byte) {
          guard fields.count < limits.fields else { throw .headTooLarge }
          current.name.start = UInt32(index + shift)
          state = .name
        } else if byte == ASCII.space || byte == ASCII.tab {
          throw .malformed("Header lines may not be folded")
        } else {
          throw .malformed("A header name has a character that is not allowed")
        }
        index += 1
      case .name:
        if ASCIISet.token.contains(byte) {
          index += 1
          continue
        }
        guard byte == ASCII.colon else { throw .malformed("A header name has a character that is not allowed") }
        current.name.end = UInt32(index + shift)
        state = .beforeValue
        index += 1
      case .beforeValue:
        if byte == ASCII.space || byte == ASCII.tab {
          index += 1
          continue
        }
        current.value = ByteRange(start: UInt32(index + shift), end: UInt32(index + shift))
        state = .value
      case .value:
        index = try consumeValue(input, from: index, to: stop, shift: shift)
      case .lineFeed:
        guard byte == ASCII.lineFeed else { throw .malformed("A carriage return without a line feed") }
        fields.append(current)
        state = .lineStart
        index += 1
      case .finalLineFeed:
        guard byte == ASCII.lineFeed else { throw .malformed("A carriage return without a line feed") }
        state = .finished
        return index + 1
      case .finished:
        return index
      }
    }
    if stop < input.byteCount { throw .headTooLarge }
    return index
  }

  /// The bulk of a head is values, so this loop touches each byte once and remembers where the last visible one was.
  private mutating func consumeValue(
    _ input: RawSpan, from offset: Int, to stop: Int, shift: Int
  ) throws(HTTPRejection) -> Int {
    var index = offset
    while index < stop {
      let byte = input.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      guard ASCII.isFieldValue(byte) else {
        if byte == ASCII.carriageReturn {
          state = .lineFeed
          return index + 1
        }
        if byte == ASCII.lineFeed { throw .malformed("A line feed without a carriage return") }
        throw .malformed("A header value has a character that is not allowed")
      }
      index += 1
      if byte != ASCII.space && byte != ASCII.tab { current.value.end = UInt32(index + shift) }
    }
    return index
  }
}
