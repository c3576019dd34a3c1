import Postgres
import Testing

@Suite("A UUID")
struct UUIDTests {
  @Test("reads what it writes, for any bytes and in either case")
  func roundTrip() throws {
    for _ in 0..<2_000 {
      let id = UUID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
      #expect(UUID(id.description) == id)
      #expect(UUID(id.description.uppercased()) == id)
      #expect(UUID(Substring(id.description)) == id)
      #expect(UUID(bytes: id.bytes) == id)
      #expect(id.description.utf8.count == 36)
    }
    #expect(
      UUID("00112233-4455-6677-8899-aabbccddeeff")?.bytes == (0..<16).map { UInt8($0 * 17) })
  }

  @Test("sorts as its text does")
  func order() {
    let ids = (0..<500).map { _ in UUID.random() }
    #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
  }

  @Test(
    "is not made of anything else",
    arguments: [
      "", "0", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff0",
      "00112233445566778899aabbccddeeff",
      "{0112233-4455-6677-8899-aabbccddeeff}", "00112233-4455-6677-8899-aabbccddeefg",
      "0011223-34455-6677-8899-aabbccddeeff",
      "00112233-4455-6677-8899-aabbccddee\u{ff}", " 0112233-4455-6677-8899-aabbccddeeff",
      "+0112233-4455-6677-8899-aabbccddeeff",
    ])
  func malformed(text: String) {
    #expect(UUID(text) == nil)
  }

  @Test("says in its bits how it was made")
  func versions() throws {
    for _ in 0..<500 {
      let random = UUID.random().bytes
      #expect(random[6] >> 4 == 4 && random[8] >> 6 == 0b10)
      let timed = UUID.random(milliseconds: 0x0123_4567_89ab).bytes
      #expect(timed[6] >> 4 == 7 && timed[8] >> 6 == 0b10)
      #expect(timed.prefix(6) == [0x01, 0x23, 0x45, 0x67, 0x89, 0xab])
    }
    #expect(UUID.random(milliseconds: 1_000) < UUID.random(milliseconds: 1_001))
    #expect(Set((0..<1_000).map { _ in UUID.random() }).count == 1_000)
    #expect(UUID(bytes: [UInt8](repeating: 0, count: 15)) == nil)
  }
}
