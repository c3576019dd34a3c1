/// The moment by which a call, a query or a wait must have ended. It is passed on, and only ever gets nearer.
public struct Deadline: Comparable, Hashable, Sendable {
  public let instant: Instant

  public init(_ instant: Instant) {
    self.instant = instant
  }

  /// No deadline at all.
  public static let never = Deadline(Instant(nanoseconds: .max))

  /// `duration` from now. A duration that does not fit the clock means `never`.
  public static func after(_ duration: Duration) -> Deadline {
    Deadline(Instant.now().advanced(by: duration))
  }

  /// Time left; negative when it has passed, `nil` when there is none.
  public var remaining: Duration? {
    self == .never ? nil : Instant.now().duration(to: instant)
  }

  public var hasPassed: Bool {
    self != .never && instant <= Instant.now()
  }

  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.instant < right.instant
  }
}
