import Testing

@testable import RPC

@Suite("The text of a timeout")
struct CallTimeoutTests {
  private func parse(_ text: String) -> Int64? {
    [UInt8](text.utf8).withUnsafeBytes { CallTimeout.parse($0) }
  }

  @Test(
    "is at most eight digits and a unit",
    arguments: [
      ("1n", 1), ("1u", 1000), ("1m", 1_000_000), ("1S", 1_000_000_000), ("2M", 120_000_000_000),
      ("1H", 3_600_000_000_000), ("00000001S", 1_000_000_000), ("99999999H", .max), ("0S", 0), ("", nil), ("S", nil),
      ("1", nil), ("123456789S", nil), ("1 S", nil), ("+1S", nil), ("1s", nil), ("1SS", nil),
    ] as [(String, Int64?)])
  func parsed(text: String, nanoseconds: Int64?) {
    #expect(parse(text) == nanoseconds)
  }

  @Test("is never shorter than what it says, and at most a part in a hundred thousand longer")
  func written() throws {
    var generator = SystemRandomNumberGenerator()
    for bits in 1..<63 {
      for _ in 0..<20 {
        let time = Int64.random(in: 1...(1 << bits), using: &generator)
        let text = CallTimeout.text(nanoseconds: time)
        let read = try #require(parse(text), "\(text)")
        #expect(read >= time)
        #expect(Double(read - time) <= max(1, Double(time) / 1e5), "\(time) became \(text)")
      }
    }
    #expect(CallTimeout.text(nanoseconds: -5) == "1n")
    #expect(CallTimeout.text(nanoseconds: 0) == "1n")
  }
}
