internal import Glibc

/// The pieces that JSON text is written from (RFC 8259).
enum JSONText {
  private static let hexadecimal = [UInt8]("0123456789abcdef".utf8)

  /// A string literal of bytes that are valid UTF-8.
  static func append(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    output.append(0x22)
    var start = 0
    for (index, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5c {
      output.append(contentsOf: text[start..<index])
      start = index + 1
      output.append(0x5c)
      switch byte {
      case 0x22, 0x5c: output.append(byte)
      case 0x08: output.append(UInt8(ascii: "b"))
      case 0x09: output.append(UInt8(ascii: "t"))
      case 0x0a: output.append(UInt8(ascii: "n"))
      case 0x0c: output.append(UInt8(ascii: "f"))
      case 0x0d: output.append(UInt8(ascii: "r"))
      default:
        output.append(contentsOf: [0x75, 0x30, 0x30, hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]])
      }
    }
    output.append(contentsOf: text[start...])
    output.append(0x22)
  }

  /// A string literal of a C string, `nil` being empty.
  static func append(_ text: UnsafePointer<CChar>?, to output: inout [UInt8]) {
    guard let text else { return append(UnsafeRawBufferPointer(start: nil, count: 0), to: &output) }
    append(UnsafeRawBufferPointer(start: text, count: strlen(text)), to: &output)
  }

  static func append(_ text: String, to output: inout [UInt8]) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0), to: &output) }
  }

  static func append(magnitude: UInt64, negative: Bool, to output: inout [UInt8]) {
    if negative { output.append(0x2d) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var index = 20
      var rest = magnitude
      repeat {
        index -= 1
        digits[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
        rest /= 10
      } while rest > 0
      output.append(contentsOf: digits[index...])
    }
  }

  static func append(_ number: Int64, to output: inout [UInt8]) {
    append(magnitude: number.magnitude, negative: number < 0, to: &output)
  }

  /// Units of 10^-scale as a number with exactly `scale` decimals: `9900` with 2 is `99.00`.
  static func append(_ units: Int64, scale: Int, to output: inout [UInt8]) {
    guard scale > 0, scale < 19 else { return append(units, to: &output) }
    var divisor: UInt64 = 1
    for _ in 0..<scale { divisor *= 10 }
    let (whole, fraction) = units.magnitude.quotientAndRemainder(dividingBy: divisor)
    append(magnitude: whole, negative: units < 0, to: &output)
    output.append(0x2e)
    var place = divisor / 10
    while place > 0 {
      output.append(UInt8(truncatingIfNeeded: 0x30 + fraction / place % 10))
      place /= 10
    }
  }

  /// The shortest text that reads back as the same number; what JSON has no number for becomes a string.
  static func append(_ number: Double, to output: inout [UInt8]) {
    appendFloating(number, description: number.description, to: &output)
  }

  static func append(_ number: Float, to output: inout [UInt8]) {
    appendFloating(number, description: number.description, to: &output)
  }

  private static func appendFloating(
    _ number: some BinaryFloatingPoint, description: String, to output: inout [UInt8]
  ) {
    if number.isNaN {
      output.append(contentsOf: "\"NaN\"".utf8)
    } else if number.isInfinite {
      output.append(contentsOf: (number < 0 ? "\"-Infinity\"" : "\"Infinity\"").utf8)
    } else if description.hasSuffix(".0"), number != 0 {
      // `3` reads back as the same number, and is what a caller wrote who sent `3`.
      output.append(contentsOf: description.utf8.dropLast(2))
    } else {
      output.append(contentsOf: (number == 0 && number.sign == .plus ? "0" : description).utf8)
    }
  }
}
