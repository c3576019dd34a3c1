import Testing

@testable import Edge

@Suite("The wall clock")
struct WallClockTests {
  @Test(
    "prints a second in both forms",
    arguments: [
      (0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
      (1_763_980_200, "2025-11-24T10:30:00Z", "Mon, 24 Nov 2025 10:30:00 GMT"),
      (1_709_251_199, "2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
      (4_107_542_400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
      (-1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
    ])
  func prints(_ seconds: Int64, _ timestamp: String, _ date: String) {
    var clock = WallClock()
    clock.set(seconds: seconds)
    #expect(String(decoding: clock.timestamp, as: UTF8.self) == timestamp)
    #expect(String(decoding: clock.date, as: UTF8.self) == date)
  }
}
