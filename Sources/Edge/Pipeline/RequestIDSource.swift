/// Gives every request its id: the client's own when it is harmless, else a fresh one. One source a loop.
struct RequestIDSource {
  /// Bytes of the longest id taken from outside.
  static let longest = 64

  private var state: UInt64

  init() {
    var system = SystemRandomNumberGenerator()
    state = system.next()
  }

  /// The value of `x-request-id` when it could stand in a log line as it is; else 32 random hexadecimal digits.
  mutating func id(given: ArraySlice<UInt8>?) -> [UInt8] {
    if let given, (1...Self.longest).contains(given.count),
      given.allSatisfy(ASCIISet.requestID.contains)
    {
      return Array(given)
    }
    return next()
  }

  /// An id has to be unlike all others, not secret: SplitMix64 from a random start is enough and costs no system call.
  mutating func next() -> [UInt8] {
    var id: [UInt8] = []
    id.reserveCapacity(32)
    for _ in 0..<2 {
      let word = nextWord()
      for shift in stride(from: 60, through: 0, by: -4) {
        id.append([UInt8].hexadecimalDigit(UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15))
      }
    }
    return id
  }

  private mutating func nextWord() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
