import Reactor
import Testing

@testable import HTTP2

@Suite("Meters of abuse")
struct AbuseMeterTests {
  private let start = Instant(nanoseconds: 1_000_000_000_000)

  @Test("allow a burst, then the rate")
  func burst() {
    var meter = AbuseMeter(burst: 10, perSecond: 100)
    let first = (0..<11).map { _ in meter.allows(at: start) }
    #expect(first == Array(repeating: true, count: 10) + [false])
    let later = start.advanced(by: .milliseconds(25))
    let second = (0..<2).map { _ in meter.allows(at: later) }
    #expect(second == [true, false])
  }

  @Test("fill up to the burst and no more, whatever the clock does")
  func refill() {
    var meter = AbuseMeter(burst: 3, perSecond: 1000)
    let end = Instant(nanoseconds: .max - 1)
    let allowed = [start, end, end, end, end, start].map { meter.allows(at: $0) }
    #expect(allowed == [true, true, true, true, false, false])
  }

  @Test("are refilled by what is earned")
  func earned() {
    var meter = AbuseMeter(burst: 2, perSecond: 0)
    var allowed = [meter.allows(2, at: start)]
    meter.earn(1)
    allowed += (0..<2).map { _ in meter.allows(at: start) }
    meter.earn(1000)
    allowed += (0..<3).map { _ in meter.allows(at: start) }
    #expect(allowed == [true, true, false, true, true, false])
  }
}
