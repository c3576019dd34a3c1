/// How long a channel waits between its attempts to connect: not at all while addresses are left that have not been tried, then twice as
/// long after each round in vain, up to a maximum. Pure: told the time and the chance.
struct Backoff {
  private let initial: Duration
  private let maximum: Duration
  private let addressCount: Int
  private var failures = 0

  /// Doublings after which the wait is at its maximum for any sensible configuration, so that nothing overflows.
  private static let maximumDoublings = 16

  init(initial: Duration, maximum: Duration, addressCount: Int) {
    self.initial = initial
    self.maximum = maximum
    self.addressCount = max(1, addressCount)
  }

  mutating func succeeded() { failures = 0 }

  /// Notes a failed attempt. Answers nil when the next address is to be tried at once, else how long to wait.
  /// - Parameter chance: 0 to 1; spreads the wait by a fifth either way, so that many clients do not come back together.
  mutating func failed(chance: Double) -> Duration? {
    failures += 1
    guard failures % addressCount == 0 else { return nil }
    let rounds = min(Self.maximumDoublings, failures / addressCount - 1)
    return min(initial * (1 << rounds), maximum) * (0.8 + 0.4 * chance)
  }
}
