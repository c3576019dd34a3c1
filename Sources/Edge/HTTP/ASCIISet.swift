/// A set of ASCII characters as two 64-bit masks: one shift and one mask a lookup, no table in memory.
struct ASCIISet: Sendable {
  let low: UInt64
  let high: UInt64

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    guard byte < 0x80 else { return false }
    let mask = byte < 64 ? low : high
    return (mask >> UInt64(byte & 63)) & 1 == 1
  }
}

extension ASCIISet {
  /// `tchar` of RFC 9110 section 5.6.2: methods and field names.
  static var token: ASCIISet { ASCIISet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }

  /// `pchar`, `/` and `%` of RFC 3986 section 3.3.
  static var path: ASCIISet { ASCIISet(low: 0x2FFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF) }

  /// What RFC 3986 section 3.4 allows in a query, and the square brackets that every browser leaves unencoded there.
  static var query: ASCIISet { ASCIISet(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF) }

  /// A registered name, an IPv4 address or a bracketed IPv6 address, and a port (RFC 3986 section 3.2.2).
  static var authority: ASCIISet { ASCIISet(low: 0x07FF_6000_0000_0000, high: 0x47FF_FFFE_AFFF_FFFE) }

  /// What stands for itself everywhere and is not to be percent-encoded (RFC 3986 section 2.3).
  static var unreserved: ASCIISet { ASCIISet(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }

  /// What a request id from outside may be made of: safe in a log line, a header and a file name.
  static var requestID: ASCIISet { ASCIISet(low: 0x03FF_6000_0000_0000, high: 0x07FF_FFFE_87FF_FFFE) }
}

/// The characters the grammars of RFC 9110 and 9112 name.
enum ASCII {
  static var tab: UInt8 { 0x09 }
  static var lineFeed: UInt8 { 0x0A }
  static var carriageReturn: UInt8 { 0x0D }
  static var space: UInt8 { 0x20 }
  static var quote: UInt8 { 0x22 }
  static var percent: UInt8 { 0x25 }
  static var asterisk: UInt8 { 0x2A }
  static var comma: UInt8 { 0x2C }
  static var dot: UInt8 { 0x2E }
  static var slash: UInt8 { 0x2F }
  static var colon: UInt8 { 0x3A }
  static var semicolon: UInt8 { 0x3B }
  static var question: UInt8 { 0x3F }
  static var delete: UInt8 { 0x7F }

  @inline(__always)
  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
  }

  /// The value of a hexadecimal digit, `nil` for anything else.
  @inline(__always)
  static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: nil
    }
  }

  /// The digit of a value below 16, as RFC 3986 section 6.2.2.1 wants it in a URI.
  static func capitalHexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + 0x30 : value + 0x37
  }

  /// A character a field value may hold: visible, space, tab, or an opaque byte above 0x7F (RFC 9110 section 5.5).
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool {
    byte >= 0x20 ? byte != delete : byte == tab
  }
}
