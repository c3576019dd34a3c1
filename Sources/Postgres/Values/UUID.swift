internal import Glibc

/// A universally unique identifier (RFC 9562): sixteen bytes, written as 36 lowercase characters.
public struct UUID: Sendable, Hashable, Comparable {
  /// The first eight bytes, most significant first.
  public let high: UInt64
  /// The last eight bytes, most significant first.
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in either case; anything else (braces, missing hyphens, spaces) is `nil`.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    let parsed = text.withUTF8 { UUID(ascii: $0) }
    guard let parsed else { return nil }
    self = parsed
  }

  /// The same from bytes, for parsers that have no string yet.
  public init?(ascii: UnsafeBufferPointer<UInt8>) {
    guard ascii.count == 36 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for (index, byte) in ascii.enumerated() {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      if digits < 16 {
        words.0 = words.0 << 4 | UInt64(digit)
      } else {
        words.1 = words.1 << 4 | UInt64(digit)
      }
      digits += 1
    }
    self.init(high: words.0, low: words.1)
  }

  /// Exactly sixteen bytes, in the order they are written; any other count is `nil`.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    for (index, byte) in bytes.enumerated() {
      if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
    }
    self.init(high: words.0, low: words.1)
  }

  /// The sixteen bytes in the order they are written.
  public var bytes: [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8))) }
  }

  /// A random identifier (version 4), from the system's cryptographic generator.
  public static func random() -> UUID {
    var generator = SystemRandomNumberGenerator()
    return UUID(
      high: generator.next() & ~0xf000 | 0x4000,
      low: generator.next() & ~(0b11 << 62) | 0b10 << 62)
  }

  /// A random identifier that begins with the time (version 7), so that new rows land side by side in an index.
  /// - Parameter milliseconds: since the Unix epoch; 48 bits are kept.
  public static func random(milliseconds: Int64) -> UUID {
    var generator = SystemRandomNumberGenerator()
    return UUID(
      high: UInt64(truncatingIfNeeded: milliseconds) << 16 | 0x7000 | generator.next() & 0x0fff,
      low: generator.next() & ~(0b11 << 62) | 0b10 << 62)
  }

  /// A version 7 identifier of this moment.
  public static func timeOrdered() -> UUID {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return random(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public static func < (left: UUID, right: UUID) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension UUID: CustomStringConvertible, LosslessStringConvertible {
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var position = 0
      writeText { character in
        buffer[position] = character
        position += 1
      }
      return 36
    }
  }

  /// Appends the 36 characters.
  func write(into bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + 36)
    writeText { bytes.append($0) }
  }

  @inline(__always)
  private func writeText(_ put: (UInt8) -> Void) {
    for digit in 0..<32 {
      if digit == 8 || digit == 12 || digit == 16 || digit == 20 { put(UInt8(ascii: "-")) }
      let word = digit < 16 ? high : low
      let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (digit % 16))) & 0xf
      put(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
    }
  }

  public init?(_ description: String) {
    var text = description
    guard let parsed = text.withUTF8({ UUID(ascii: $0) }) else { return nil }
    self = parsed
  }
}
