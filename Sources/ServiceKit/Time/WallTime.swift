internal import Glibc
public import Protobuf

/// A moment of the calendar: microseconds since 1970, UTC, as precise as PostgreSQL keeps it.
public struct WallTime: Sendable, Hashable, Comparable {
  public var microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public init(seconds: Int64) {
    microseconds = seconds * 1_000_000
  }

  /// Whole seconds since 1970, rounded down.
  public var seconds: Int64 {
    (microseconds - (microseconds % 1_000_000 + 1_000_000) % 1_000_000) / 1_000_000
  }

  public func advanced(by duration: Duration) -> WallTime {
    let (seconds, attoseconds) = duration.components
    return WallTime(microseconds: microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  public static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }

  /// The moment as messages carry it.
  public var timestamp: Timestamp {
    Timestamp(seconds: seconds, nanos: Int32((microseconds - seconds * 1_000_000) * 1000))
  }
}

/// Where services read the time of day; tests turn its hands.
public struct WallClock: Sendable {
  private let read: @Sendable () -> WallTime

  public init(_ read: @escaping @Sendable () -> WallTime) {
    self.read = read
  }

  public var now: WallTime { read() }

  /// The machine's clock.
  public static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
