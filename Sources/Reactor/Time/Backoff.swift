/// How long to wait before the next attempt at something that failed: twice as long after each failure, up to a maximum, and spread by a
/// fifth either way, so that many clients do not come back together. Pure: told the chance.
public struct Backoff: Sendable, Hashable {
  /// The wait after the first failure.
  public let initial: Duration
  /// The longest wait, before it is spread.
  public let maximum: Duration
  /// Failures since the last success.
  public private(set) var failures = 0

  /// Doublings after which the wait is at its maximum for any sensible configuration, so that nothing overflows.
  private static let maximumDoublings = 16

  public init(initial: Duration, maximum: Duration) {
    self.initial = initial
    self.maximum = maximum
  }

  /// The next failure is the first one again.
  public mutating func succeeded() { failures = 0 }

  /// Notes a failure and answers how long to wait.
  /// - Parameter chance: 0 to 1; where in the spread the wait lies.
  public mutating func failed(chance: Double) -> Duration {
    let doublings = min(Self.maximumDoublings, failures)
    failures += 1
    return min(initial * (1 << doublings), maximum) * (0.8 + 0.4 * chance)
  }
}
