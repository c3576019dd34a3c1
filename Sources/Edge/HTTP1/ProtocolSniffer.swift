/// Tells HTTP/2 with prior knowledge from HTTP/1.1 by a connection's first bytes (RFC 9113 section 3.4).
///
/// It keeps nothing but a count: bytes that matched so far are a prefix of the preface, so they can be replayed.
struct ProtocolSniffer: Sendable {
  enum Verdict: Sendable, Hashable {
    /// All bytes so far begin the preface; none of them may be shown to a protocol yet.
    case undecided
    /// The preface is complete; `replay` bytes of it came in earlier reads and have to be replayed first.
    case http2(replay: Int)
    /// Not the preface, although `replay` bytes from earlier reads began like it; they have to be replayed first.
    case http1(replay: Int)
  }

  static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  private(set) var matched = 0

  /// The first bytes of the preface, to replay them.
  static func prefix(_ count: Int) -> [UInt8] {
    preface.withUTF8Buffer { Array($0.prefix(count)) }
  }

  mutating func examine(_ input: RawSpan) -> Verdict {
    let before = matched
    var index = 0
    while index < input.byteCount, matched < Self.preface.utf8CodeUnitCount {
      let byte = input.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      guard byte == Self.preface.withUTF8Buffer({ $0[matched] }) else { return .http1(replay: before) }
      matched += 1
      index += 1
    }
    return matched == Self.preface.utf8CodeUnitCount ? .http2(replay: before) : .undecided
  }
}
