import Protobuf
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("Billing periods")
struct BillingPeriodTests {
  private func time(_ text: String) throws -> WallTime {
    let timestamp = try #require(TimeText.timestamp(Array(text.utf8)))
    return WallTime(seconds: timestamp.seconds)
  }

  @Test(
    "keep the anchor's day, or the month's last",
    arguments: [
      ("2025-01-31T10:00:00Z", 1, "2025-02-28T10:00:00Z"), ("2025-01-31T10:00:00Z", 2, "2025-03-31T10:00:00Z"),
      ("2024-01-31T10:00:00Z", 1, "2024-02-29T10:00:00Z"), ("2025-01-31T10:00:00Z", 3, "2025-04-30T10:00:00Z"),
      ("2025-11-24T10:30:00Z", 1, "2025-12-24T10:30:00Z"), ("2025-12-31T23:59:59Z", 1, "2026-01-31T23:59:59Z"),
      ("2025-12-31T23:59:59Z", 2, "2026-02-28T23:59:59Z"), ("1969-12-31T00:00:00Z", 2, "1970-02-28T00:00:00Z"),
    ])
  func months(_ anchor: String, _ number: Int64, _ expected: String) throws {
    #expect(BillingPeriod.end(number, anchor: try time(anchor), cycle: .monthly) == (try time(expected)))
  }

  @Test("a year from a leap day is the 28th, four years the 29th")
  func years() throws {
    let anchor = try time("2024-02-29T00:00:00Z")
    #expect(BillingPeriod.end(1, anchor: anchor, cycle: .yearly) == (try time("2025-02-28T00:00:00Z")))
    #expect(BillingPeriod.end(4, anchor: anchor, cycle: .yearly) == (try time("2028-02-29T00:00:00Z")))
  }

  @Test("each period ends after the one before, on the anchor's day or the month's last, at the anchor's time of day")
  func properties() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let anchor = WallTime(
        microseconds: Int64.random(in: -60_000_000_000_000_000...200_000_000_000_000_000, using: &random) / 1000 * 10)
      let day = CivilTime(anchor).day
      var last = anchor
      for number in 1...30 as ClosedRange<Int64> {
        let end = BillingPeriod.end(number, anchor: anchor, cycle: .monthly)
        #expect(end > last)
        let civil = CivilTime(end)
        let length = TimeText.daysIn(month: Int64(civil.month), year: Int64(civil.year))
        #expect(Int64(civil.day) == min(Int64(day), length))
        #expect((end.microseconds - anchor.microseconds) % 86_400_000_000 == 0)
        last = end
      }
      #expect(
        BillingPeriod.end(12, anchor: anchor, cycle: .monthly) == BillingPeriod.end(1, anchor: anchor, cycle: .yearly))
    }
  }

  @Test("PostgreSQL's calendar comes to the same ends, over eight centuries and across every time of day")
  func judge() async throws {
    let database = try await TestDatabase(.billing)
    var random = SeededGenerator(seed: 20_251_124)
    var cases: [(anchor: Int64, months: Int64)] = []
    for day in ["2024-02-29", "2025-01-31", "2025-12-31", "2000-02-29", "1900-01-31", "2100-01-31", "1969-12-31"] {
      let anchor = try time(day + "T23:59:59Z").microseconds
      cases += (0...49).map { (anchor, $0) }
    }
    for _ in 0..<2000 {
      // 1600 to 2400.
      let anchor = Int64.random(in: -11_676_096_000_000_000...13_569_465_600_000_000, using: &random)
      cases.append((anchor, Int64.random(in: 0...600, using: &random)))
    }
    // Days and the rest apart: PostgreSQL multiplies intervals with doubles, which do not hold so many microseconds.
    let day: Int64 = 86_400_000_000
    let rows = cases.map { "(\($0.anchor / day), \($0.anchor % day), \($0.months))" }.joined(separator: ",")
    let ends = try database.lines(
      """
      SET TimeZone = 'UTC';
      SELECT (extract(epoch FROM ('epoch'::timestamptz + days * interval '1 day' + rest * interval '1 microsecond')
        + months * interval '1 month') * 1000000)::bigint
      FROM (VALUES \(rows)) AS v (days, rest, months);
      """)
    #expect(ends.count == cases.count)
    for (end, (anchor, months)) in zip(ends, cases) {
      let ours = WallTime(microseconds: anchor).advanced(months: months)
      #expect(ours.microseconds == Int64(end), "\(anchor) and \(months) months")
    }
  }
}
