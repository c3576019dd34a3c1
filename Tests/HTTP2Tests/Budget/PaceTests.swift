import Reactor
import Testing

@testable import HTTP2

@Suite("The pace of what a peer owes")
struct PaceTests {
  private static let rule = PaceRule(timeout: .seconds(30), bytesPerSecond: 1000)
  private static let start = Instant(nanoseconds: 1_000_000_000_000)

  /// Seconds until a peer is overdue that moves bytes as `step` says for each second looked at; nil when it never is.
  private static func seconds(limit: Int = 10_000, _ step: (Int) -> Int) -> Int? {
    var pace = Pace()
    var moved = 0
    for second in 0...limit {
      if second > 0 { moved += step(second) }
      let now = start.advanced(by: .seconds(second))
      if pace.isOverdue(isOwed: true, moved: moved, at: now, rule: rule) { return second }
    }
    return nil
  }

  @Test("a peer that moves nothing is overdue when its time is over")
  func still() {
    #expect(Self.seconds { _ in 0 } == 30)
  }

  @Test("a peer at the slowest rate or above is never overdue", arguments: [1000, 1001, 5000, 1 << 40])
  func steady(rate: Int) {
    #expect(Self.seconds { _ in rate } == nil)
  }

  @Test("a peer below the rate is overdue in time, the sooner the slower", arguments: [0, 1, 10, 100, 250, 500])
  func slow(rate: Int) throws {
    let seconds = try #require(Self.seconds { _ in rate })
    // Each second costs one and earns the part of the rate that was moved.
    #expect(abs(Double(seconds) - 30 / (1 - Double(rate) / 1000)) <= 1)
  }

  @Test("bytes at irregular times earn no more than the same bytes in a row")
  func irregular() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      // Half of the rate on average, in bursts of random length: overdue, and not before the timeout.
      let period = Int.random(in: 1...25, using: &random)
      let offset = Int.random(in: 0..<period, using: &random)
      let seconds = Self.seconds { $0 % period == offset ? 500 * period : 0 }
      #expect(seconds.map { $0 >= 30 && $0 <= 90 } == true, "every \(period) s: \(seconds as Int?)")
    }
  }

  @Test("a fast beginning is no store of time for later")
  func store() {
    #expect(Self.seconds { $0 == 1 ? 1_000_000_000 : 0 } == 31)
  }

  @Test("the time begins anew when something is owed again")
  func again() {
    var pace = Pace()
    for round in 0..<5 {
      let begin = Self.start.advanced(by: .seconds(100 * round))
      for (second, isOwed) in [(0, true), (29, true), (40, false)] {
        let now = begin.advanced(by: .seconds(second))
        let isOverdue = pace.isOverdue(isOwed: isOwed, moved: 7, at: now, rule: Self.rule)
        #expect(!isOverdue)
      }
    }
  }
}
