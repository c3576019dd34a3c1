import Protobuf
import Testing

@testable import ServiceKit

@Suite("Date ranges")
struct DateRangeTests {
  @Test(
    "a row is found by the time it shows, however precisely that is written",
    arguments: [
      ("2025-11-01T10:30:00Z", Duration.seconds(1)), ("2025-11-01T10:30:00.1Z", .milliseconds(100)),
      ("2025-11-01T10:30:00.123Z", .milliseconds(1)), ("2025-11-01T10:30:00.123456Z", .microseconds(1)),
      ("2025-11-01T10:30:00.123456789Z", .microseconds(1)), ("2025-11-01", .seconds(86_400)),
    ])
  func precision(_ text: String, _ width: Duration) throws {
    let range = try DateRange(startDate: text, endDate: text)
    let start = try #require(range.start)
    #expect(range.end == start.advanced(by: width))
  }

  @Test("a range that ends before it begins, and what is no time, are refused by name")
  func refused() {
    for (start, end, field) in [
      ("2025-11-02", "2025-11-01", "endDate"), ("yesterday", "", "startDate"), ("", "2025-13-01", "endDate"),
    ] {
      let error = #expect(throws: ServiceError.self) { try DateRange(startDate: start, endDate: end) }
      #expect(error?.field == field)
    }
  }
}
