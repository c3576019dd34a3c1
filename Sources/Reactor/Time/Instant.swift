internal import CLinux

/// A moment on the system's monotonic clock (`CLOCK_MONOTONIC`), or on a test's `ManualClock`, in nanoseconds. It never goes back and means
/// nothing to another machine.
public struct Instant: Comparable, Hashable, Sendable {
  /// Nanoseconds since an arbitrary start, never negative for a moment that has happened.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// Reads the clock: about 20 ns. On a loop, `EventLoop.now` is free and good enough for deadlines. On the thread of a loop that was made
  /// with a `ManualClock` this reads that one.
  public static func now() -> Instant {
    Instant(nanoseconds: cl_thread_nanoseconds())
  }

  /// The system's clock, on every thread: for measuring what the machine does.
  static func system() -> Instant {
    Instant(nanoseconds: cl_monotonic_nanoseconds())
  }

  /// The moment `duration` later; saturates instead of overflowing.
  public func advanced(by duration: Duration) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanosecondsSaturated)
    guard overflow else { return Instant(nanoseconds: sum) }
    return Instant(nanoseconds: duration < .zero ? .min : .max)
  }

  /// How long from here to `later`; negative when `later` has come first.
  public func duration(to later: Instant) -> Duration {
    let (difference, overflow) = later.nanoseconds.subtractingReportingOverflow(nanoseconds)
    return .nanoseconds(overflow ? (later > self ? Int64.max : Int64.min) : difference)
  }

  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}

extension Duration {
  /// The whole nanoseconds of this duration, clamped to what `Int64` holds (about 292 years).
  public var nanosecondsSaturated: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    if carried { return seconds < 0 ? .min : .max }
    return sum
  }
}
