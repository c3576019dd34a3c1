/// Bounds how many attempts a channel adds to the calls it is asked for, so that a server in trouble is not asked ever more often. Each call
/// earns a share of a retry; a few are there from the start, and only so many are saved up. Pure.
struct RetryBudget {
  /// Retries a call earns, in thousandths: 100 means at most 1.1 attempts a call.
  private let earned: Int
  private let maximum: Int
  /// Thousandths of retries.
  private var balance: Int

  private static let retry = 1000

  /// - Parameters:
  ///   - ratio: retries a call earns, such as 0.1.
  ///   - reserve: retries that need not be earned first.
  ///   - maximum: most retries that are saved up.
  init(ratio: Double, reserve: Int, maximum: Int) {
    earned = Int((max(0, ratio) * Double(Self.retry)).rounded())
    self.maximum = max(reserve, maximum) * Self.retry
    balance = max(0, reserve) * Self.retry
  }

  /// A call has begun.
  mutating func callStarted() {
    balance = min(maximum, balance + earned)
  }

  /// Spends a retry; false when there is none.
  mutating func takeRetry() -> Bool {
    guard balance >= Self.retry else { return false }
    balance -= Self.retry
    return true
  }
}
