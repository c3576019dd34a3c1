internal import Glibc

/// A moment with the resolution PostgreSQL keeps (`timestamptz`): whole microseconds since the Unix epoch, UTC.
public struct PostgresTimestamp: Sendable, Hashable, Comparable {
  /// Since 1970-01-01T00:00:00Z; negative before.
  public let microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    microseconds = seconds * 1_000_000 + Int64(nanoseconds) / 1_000
  }

  /// Whole seconds since the Unix epoch, rounded down.
  public var seconds: Int64 {
    microseconds >= 0 ? microseconds / 1_000_000 : -((-microseconds + 999_999) / 1_000_000)
  }

  /// What `seconds` leaves, 0 to 999,999,000.
  public var nanoseconds: Int32 {
    Int32(microseconds - seconds * 1_000_000) * 1_000
  }

  /// Reads the machine's clock. Rules take the time as a parameter; this is for whoever gives it to them.
  public static func now() -> PostgresTimestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return PostgresTimestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }

  public static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
    left.microseconds < right.microseconds
  }

  /// PostgreSQL counts from 2000-01-01.
  static let epochMicroseconds: Int64 = 946_684_800_000_000
}
