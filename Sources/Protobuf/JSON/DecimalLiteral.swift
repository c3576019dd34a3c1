/// A JSON number taken apart by its digits, so that amounts never pass through binary floating point.
struct DecimalLiteral: Equatable {
  /// Why the literal is not the integer that was asked for.
  enum Fault: Error {
    case notANumber
    /// It has more decimals than allowed.
    case tooPrecise
    case outOfRange
  }

  private(set) var isNegative = false
  /// Without leading or trailing zeros; empty for zero.
  private var digits: [UInt8] = []
  /// The value is `digits` times ten to this power.
  private var exponent = 0

  /// Beyond this an exponent cannot matter: no 64-bit integer has as many digits.
  private static let exponentBound = 1000

  /// Reads a number of RFC 8259's grammar.
  init(_ text: UnsafeRawBufferPointer) throws(Fault) {
    var index = 0
    func peek() -> UInt8? { index < text.count ? text[index] : nil }
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
    if peek() == 0x2d {
      isNegative = true
      index += 1
    }
    let integerStart = index
    while isDigit(peek()) {
      digits.append(text[index] - 0x30)
      index += 1
    }
    guard index > integerStart, index == integerStart + 1 || text[integerStart] != 0x30 else { throw .notANumber }
    if peek() == 0x2e {
      index += 1
      let fractionStart = index
      while isDigit(peek()) {
        digits.append(text[index] - 0x30)
        index += 1
      }
      guard index > fractionStart else { throw .notANumber }
      exponent = fractionStart - index
    }
    if let mark = peek(), mark == 0x65 || mark == 0x45 {
      index += 1
      var negative = false
      if let sign = peek(), sign == 0x2b || sign == 0x2d {
        negative = sign == 0x2d
        index += 1
      }
      let exponentStart = index
      var written = 0
      while isDigit(peek()) {
        written = min(written * 10 + Int(text[index] - 0x30), Self.exponentBound)
        index += 1
      }
      guard index > exponentStart else { throw .notANumber }
      exponent += negative ? -written : written
    }
    guard index == text.count else { throw .notANumber }
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    digits.removeFirst(digits.prefix { $0 == 0 }.count)
    if digits.isEmpty { exponent = 0 }
  }

  var isNegativeZero: Bool { isNegative && digits.isEmpty }

  /// The magnitude times 10^scale, when that is a whole number.
  func magnitude(scale: Int) throws(Fault) -> UInt64 {
    guard !digits.isEmpty else { return 0 }
    let zeros = exponent + scale
    guard zeros >= 0 else { throw .tooPrecise }
    guard digits.count + zeros <= 20 else { throw .outOfRange }
    var value: UInt64 = 0
    for position in 0..<(digits.count + zeros) {
      let digit = position < digits.count ? digits[position] : 0
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carried else { throw .outOfRange }
      value = sum
    }
    return value
  }

  func int64(scale: Int = 0) throws(Fault) -> Int64 {
    let magnitude = try magnitude(scale: scale)
    if isNegative {
      guard magnitude <= UInt64(Int64.max) + 1 else { throw .outOfRange }
      return magnitude == UInt64(Int64.max) + 1 ? .min : -Int64(magnitude)
    }
    guard magnitude <= UInt64(Int64.max) else { throw .outOfRange }
    return Int64(magnitude)
  }

  func uint64() throws(Fault) -> UInt64 {
    let magnitude = try magnitude(scale: 0)
    guard !isNegative || magnitude == 0 else { throw .outOfRange }
    return magnitude
  }
}
