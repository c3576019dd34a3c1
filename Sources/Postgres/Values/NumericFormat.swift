/// The binary form of `numeric` (`numeric_send`): digits to the base 10,000, a weight, a sign and the decimals to show.
enum NumericFormat {
  private static let negative: UInt16 = 0x4000
  private static let notANumber: UInt16 = 0xC000
  private static let infinity: UInt16 = 0xD000
  private static let negativeInfinity: UInt16 = 0xF000

  /// The number as PostgreSQL would print it, or `nil` when the bytes are not one.
  static func text(of field: UnsafeRawBufferPointer) -> String? {
    guard let count = field.bigEndian(Int16.self, at: 0), let weight = field.bigEndian(Int16.self, at: 2),
      let sign = field.bigEndian(UInt16.self, at: 4), let scale = field.bigEndian(Int16.self, at: 6),
      count >= 0, scale >= 0, field.count == 8 + 2 * Int(count)
    else { return nil }
    switch sign {
    case notANumber: return "NaN"
    case infinity: return "Infinity"
    case negativeInfinity: return "-Infinity"
    case 0, negative: break
    default: return nil
    }
    func digit(_ index: Int) -> Int {
      guard index >= 0, index < Int(count) else { return 0 }
      return Int(field.bigEndian(Int16.self, at: 8 + 2 * index) ?? 0)
    }
    var text = sign == negative ? "-" : ""
    if weight < 0 {
      text += "0"
    } else {
      for position in 0...Int(weight) {
        text += position == 0 ? String(digit(position)) : padded(digit(position))
      }
    }
    guard scale > 0 else { return text }
    var decimals = ""
    var position = Int(weight) + 1
    while decimals.utf8.count < Int(scale) {
      decimals += padded(digit(position))
      position += 1
    }
    return text + "." + decimals.prefix(Int(scale))
  }

  private static func padded(_ digit: Int) -> String {
    let text = String(digit)
    return String(repeating: "0", count: max(0, 4 - text.utf8.count)) + text
  }
}
