/// Counts durations in fixed buckets from 50 µs to 10 s. Recording is a search in 17 numbers and two additions.
public final class LatencyHistogram: Sendable {
  /// Upper ends in nanoseconds, and as Prometheus prints them in seconds.
  static let bounds: [(nanoseconds: Int64, seconds: StaticString)] = [
    (50_000, "0.00005"), (100_000, "0.0001"), (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"),
    (2_500_000, "0.0025"), (5_000_000, "0.005"), (10_000_000, "0.01"), (25_000_000, "0.025"), (50_000_000, "0.05"),
    (100_000_000, "0.1"), (250_000_000, "0.25"), (500_000_000, "0.5"), (1_000_000_000, "1"),
    (2_500_000_000, "2.5"), (5_000_000_000, "5"), (10_000_000_000, "10"),
  ]

  /// One more than the bounds: the last counts what is longer than all of them.
  let buckets = (0...LatencyHistogram.bounds.count).map { _ in Counter() }
  let nanoseconds = Counter()

  public init() {}

  public func record(_ nanoseconds: Int64) {
    let length = max(0, nanoseconds)
    var index = 0
    while index < Self.bounds.count, length > Self.bounds[index].nanoseconds { index += 1 }
    buckets[index].add()
    self.nanoseconds.add(UInt64(length))
  }

  public var count: UInt64 { buckets.reduce(0) { $0 + $1.value } }
}
