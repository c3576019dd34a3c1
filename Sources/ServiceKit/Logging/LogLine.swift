/// One line of structured log: a JSON object, built field by field without an intermediate.
struct LogLine {
  /// Bytes that a pipe takes in one piece (`PIPE_BUF`): shorter lines of several processes never mix.
  static let longest = 4096
  /// Bytes of the longest value; the rest is cut.
  static let longestValue = 1024

  private(set) var bytes: [UInt8] = []

  /// Begins with the moment and the level.
  init(time: WallTime, level: StaticString) {
    bytes.reserveCapacity(256)
    bytes.append(contentsOf: "{\"time\":\"".utf8)
    append(time)
    bytes.append(contentsOf: "\",\"level\":\"".utf8)
    append(level)
    bytes.append(0x22)
  }

  mutating func add(_ name: StaticString, _ value: some StringProtocol) {
    begin(name)
    append(quoted: value)
  }

  /// A field whose name is not known to the program.
  mutating func add(dynamic name: String, _ value: String) {
    bytes.append(0x2C)
    append(quoted: name)
    bytes.append(0x3A)
    append(quoted: value)
  }

  mutating func add(_ name: StaticString, _ value: Int64) {
    begin(name)
    append(value)
  }

  /// The finished line.
  consuming func finished() -> [UInt8] {
    bytes.append(0x7D)
    bytes.append(0x0A)
    return bytes
  }

  private mutating func begin(_ name: StaticString) {
    bytes.append(0x2C)
    bytes.append(0x22)
    append(name)
    bytes.append(0x22)
    bytes.append(0x3A)
  }

  private mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  private mutating func append(_ number: Int64, digits: Int = 1) {
    if number < 0 { bytes.append(0x2D) }
    let magnitude = number.magnitude
    var divisor: UInt64 = 1
    var count = 1
    while count < digits || magnitude / divisor >= 10 {
      divisor *= 10
      count += 1
    }
    while divisor > 0 {
      bytes.append(UInt8(truncatingIfNeeded: magnitude / divisor % 10) + 0x30)
      divisor /= 10
    }
  }

  private mutating func append(_ time: WallTime) {
    let civil = CivilTime(time)
    append(Int64(civil.year), digits: 4)
    bytes.append(0x2D)
    append(Int64(civil.month), digits: 2)
    bytes.append(0x2D)
    append(Int64(civil.day), digits: 2)
    bytes.append(0x54)
    append(Int64(civil.hour), digits: 2)
    bytes.append(0x3A)
    append(Int64(civil.minute), digits: 2)
    bytes.append(0x3A)
    append(Int64(civil.second), digits: 2)
    bytes.append(0x2E)
    append((time.microseconds - time.seconds * 1_000_000) / 1000, digits: 3)
    bytes.append(0x5A)
  }

  private mutating func append(quoted value: some StringProtocol) {
    bytes.append(0x22)
    let isDone: Void?? = value.utf8.withContiguousStorageIfAvailable { text in
      guard text.count <= Self.longestValue, text.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F })
      else {
        return nil
      }
      return bytes.append(contentsOf: text)
    }
    if case .some(.some) = isDone { return bytes.append(0x22) }
    var count = 0
    for byte in value.utf8 {
      // Cut only where a character begins.
      if count >= Self.longestValue, byte & 0xC0 != 0x80 { break }
      count += 1
      switch byte {
      case 0x22, 0x5C:
        bytes.append(0x5C)
        bytes.append(byte)
      case 0..<0x20, 0x7F:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.digits[Int(byte >> 4)])
        bytes.append(Self.digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  private static let digits = [UInt8]("0123456789abcdef".utf8)
}
