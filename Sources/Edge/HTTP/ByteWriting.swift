extension [UInt8] {
  @inline(__always)
  mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  @inline(__always)
  mutating func append(text: String) {
    append(contentsOf: text.utf8)
  }

  /// Appends a part of borrowed bytes with one copy.
  @inline(__always)
  mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
    bytes.extracting(range).withUnsafeBytes { append(contentsOf: $0) }
  }

  /// Appends a number that is not negative in decimal digits.
  mutating func append(decimal number: Int) {
    if number >= 10 { append(decimal: number / 10) }
    append(UInt8(truncatingIfNeeded: number % 10) + 0x30)
  }

  /// Appends exactly `digits` digits, with leading zeros.
  mutating func append(decimal number: Int, digits: Int) {
    var divisor = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(truncatingIfNeeded: number / divisor % 10) + 0x30)
      divisor /= 10
    }
  }

  /// Appends a JSON string with its quotes (RFC 8259 section 7). The bytes are taken as UTF-8.
  mutating func append(json text: some Sequence<UInt8>) {
    append(0x22)
    let isDone: Void? = text.withContiguousStorageIfAvailable { bytes in
      // What needs no escape goes over in one piece.
      var start = 0
      for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x22 || bytes[index] == 0x5C {
        append(contentsOf: bytes[start..<index])
        append(escaped: bytes[index])
        start = index + 1
      }
      append(contentsOf: bytes[start...])
    }
    if isDone == nil {
      for byte in text {
        if byte < 0x20 || byte == 0x22 || byte == 0x5C { append(escaped: byte) } else { append(byte) }
      }
    }
    append(0x22)
  }

  private mutating func append(escaped byte: UInt8) {
    switch byte {
    case 0x22: append("\\\"")
    case 0x5C: append("\\\\")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    default:
      append("\\u00")
      append(Self.hexadecimalDigit(byte >> 4))
      append(Self.hexadecimalDigit(byte & 15))
    }
  }

  mutating func append(json text: String) {
    append(json: text.utf8)
  }

  static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + 0x30 : value + 0x57
  }
}
