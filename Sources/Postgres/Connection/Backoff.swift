/// How long to wait before the next attempt: twice as long after each failure, up to a bound, and never the same for two clients.
struct Backoff {
  let first: Duration
  let longest: Duration
  private(set) var failures = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  mutating func succeeded() {
    failures = 0
  }

  /// The pause after one more failure.
  /// - Parameter chance: 0 ..< 1; the pause is between half and all of the full one.
  mutating func failed(chance: Double) -> Duration {
    let full = min(longest, first * (1 << min(failures, 16)))
    failures += 1
    return full * (0.5 + chance / 2)
  }
}
