/// Reads the request line of HTTP/1.1 (RFC 9112 section 3), strictly: one space between the parts, CR LF at the end.
/// A pure machine fed with bytes; the ranges it finds go into the caller's `HTTPRequestHead`.
struct HTTP1RequestLineParser: Sendable {
  private enum State: UInt8 {
    case start, emptyLineFeed, method, target, version, lineFeed, finished
  }

  /// What a target's form decides (RFC 9112 section 3.2).
  enum TargetForm: UInt8, Sendable { case origin, absolute, asterisk }

  private static let longestMethod = 16

  private var state = State.start
  private var skippedEmptyLine = false
  private var versionIndex = 0
  private var seenQuestion = false
  private(set) var target = ByteRange()
  private(set) var targetForm = TargetForm.origin
  /// 1 for HTTP/1.1, 0 for HTTP/1.0.
  private(set) var minorVersion: UInt8 = 1

  var isFinished: Bool { state == .finished }

  /// Reads from `offset` and returns the offset after the last byte used. `position` is the place in the head's bytes
  /// that the byte at `offset` will have; the caller appends the bytes used.
  mutating func consume(
    _ input: RawSpan, from offset: Int, position: Int, limits: EdgeLimits, into head: inout HTTPRequestHead
  ) throws(HTTPRejection) -> Int {
    let shift = position - offset
    let stop = min(input.byteCount, offset + limits.requestLineBytes + 2 - position)
    var index = offset
    while index < stop {
      let byte = input.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      let place = UInt32(index + shift)
      switch state {
      case .start:
        if byte == ASCII.carriageReturn, !skippedEmptyLine {
          // One empty line before a request is to be ignored (RFC 9112 section 2.2); more is noise.
          state = .emptyLineFeed
        } else if ASCIISet.token.contains(byte) {
          head.methodName.start = place
          state = .method
        } else {
          throw .malformed("The request line does not begin with a method")
        }
      case .emptyLineFeed:
        guard byte == ASCII.lineFeed else { throw .malformed("A carriage return without a line feed") }
        skippedEmptyLine = true
        state = .start
      case .method:
        if byte == ASCII.space {
          head.methodName.end = place
          target.start = place + 1
          state = .target
        } else if !ASCIISet.token.contains(byte) || Int(place - head.methodName.start) >= Self.longestMethod {
          throw .malformed("The method has a character that is not allowed or is too long")
        }
      case .target:
        try readTarget(byte, at: place, into: &head)
      case .version:
        try readVersion(byte)
      case .lineFeed:
        guard byte == ASCII.lineFeed else { throw .malformed("A carriage return without a line feed") }
        state = .finished
        return index + 1
      case .finished:
        return index
      }
      index += 1
    }
    if stop < input.byteCount { throw .requestLineTooLong }
    return index
  }

  @inline(__always)
  private mutating func readTarget(_ byte: UInt8, at place: UInt32, into head: inout HTTPRequestHead)
    throws(HTTPRejection)
  {
    if place == target.start {
      switch byte {
      case ASCII.slash: targetForm = .origin
      case ASCII.asterisk: targetForm = .asterisk
      default:
        guard byte &- 0x41 < 26 || byte &- 0x61 < 26 else { throw .malformed("The request target is malformed") }
        targetForm = .absolute
      }
      head.path = ByteRange(start: place, end: place + 1)
      return
    }
    if byte == ASCII.space {
      target.end = place
      if seenQuestion { head.query?.end = place } else { head.path.end = place }
      state = .version
    } else if seenQuestion {
      guard ASCIISet.query.contains(byte) else { throw .malformed("The request target is malformed") }
    } else if byte == ASCII.question, targetForm != .asterisk {
      head.path.end = place
      head.query = ByteRange(start: place + 1, end: place + 1)
      seenQuestion = true
    } else {
      // Square brackets belong to an IPv6 authority of the absolute form only.
      guard
        targetForm != .asterisk,
        ASCIISet.path.contains(byte) || targetForm == .absolute && (byte == 0x5B || byte == 0x5D)
      else { throw .malformed("The request target is malformed") }
    }
  }

  private mutating func readVersion(_ byte: UInt8) throws(HTTPRejection) {
    let name: StaticString = "HTTP/1."
    let length = name.utf8CodeUnitCount
    if versionIndex < length {
      guard byte == name.withUTF8Buffer({ $0[versionIndex] }) else {
        // "HTTP/" and something else is a version we do not speak; anything else is not HTTP.
        throw versionIndex < 5 ? .malformed("The HTTP version is malformed") : .versionNotSupported
      }
    } else if versionIndex == length {
      guard byte == 0x30 || byte == 0x31 else { throw .versionNotSupported }
      minorVersion = byte &- 0x30
    } else {
      guard byte == ASCII.carriageReturn else {
        throw byte == ASCII.lineFeed ? .malformed("A line feed without a carriage return") : .versionNotSupported
      }
      state = .lineFeed
    }
    versionIndex += 1
  }
}
