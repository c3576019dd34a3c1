/// The value of `grpc-timeout`: at most eight digits and a unit.
enum CallTimeout {
  /// Nanoseconds, or nil when the text is not a timeout.
  static func parse(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard text.count >= 2, text.count <= 9, let unit = nanoseconds(of: text[text.count - 1]) else { return nil }
    var value: Int64 = 0
    for byte in text.dropLast() {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      value = value * 10 + Int64(byte - 0x30)
    }
    let product = value.multipliedReportingOverflow(by: unit)
    return product.overflow ? .max : product.partialValue
  }

  private static func nanoseconds(of unit: UInt8) -> Int64? {
    switch unit {
    case UInt8(ascii: "H"): 3_600_000_000_000
    case UInt8(ascii: "M"): 60_000_000_000
    case UInt8(ascii: "S"): 1_000_000_000
    case UInt8(ascii: "m"): 1_000_000
    case UInt8(ascii: "u"): 1000
    case UInt8(ascii: "n"): 1
    default: nil
    }
  }

  /// The largest unit that keeps the precision within eight digits, rounded up: the other side must not give up first.
  static func text(nanoseconds: Int64) -> String {
    let time = max(nanoseconds, 1)
    for (unit, size) in [("n", 1 as Int64), ("u", 1000), ("m", 1_000_000), ("S", 1_000_000_000), ("M", 60_000_000_000)]
    {
      let count = time / size + (time % size == 0 ? 0 : 1)
      if count < 100_000_000 { return "\(count)\(unit)" }
    }
    return "\(min(time / 3_600_000_000_000 + 1, 99_999_999))H"
  }
}
