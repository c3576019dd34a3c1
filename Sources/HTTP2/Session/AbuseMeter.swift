internal import Reactor

/// Counts what a peer may do a little of but not a lot: a bucket of `burst` tokens that refills at `perSecond`, and faster by what the
/// peer earns with useful work. Pure: told the time.
struct AbuseMeter {
  private let burst: Int64
  private let perSecond: Int64
  /// Spent tokens in billionths, so that refilling is exact for any step of the clock.
  private var spent: Int64 = 0
  private var last = Instant(nanoseconds: 0)

  private static let token: Int64 = 1_000_000_000

  init(burst: Int, perSecond: Int) {
    self.burst = Int64(burst)
    self.perSecond = Int64(perSecond)
  }

  /// Gives tokens back, up to a full bucket.
  mutating func earn(_ tokens: Int) {
    spent = max(0, spent - Int64(tokens) * Self.token)
  }

  /// Spends tokens; false when there are not enough left.
  mutating func allows(_ tokens: Int = 1, at now: Instant) -> Bool {
    let elapsed = max(0, now.nanoseconds - last.nanoseconds)
    last = now
    let refill = elapsed.multipliedReportingOverflow(by: perSecond)
    spent = refill.overflow ? 0 : max(0, spent - refill.partialValue)
    spent += Int64(tokens) * Self.token
    return spent <= burst * Self.token
  }
}
