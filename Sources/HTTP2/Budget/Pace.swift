internal import Reactor

/// How fast a peer has to be with what it owes: the rest of a request it has begun, or the reading of a reply.
struct PaceRule: Equatable {
  /// What it has at the start, and never more than that from now on.
  var timeout: Duration
  /// What moves earns as much time as it takes at this rate.
  var bytesPerSecond: Int
}

/// Whether something a peer owes moves fast enough. Looked at from time to time, so that nothing is done for each byte. Pure: told the
/// time and how much has moved.
///
/// At the rate of the rule or above it is never overdue; at half of the rate it is after twice the timeout, and without moving after the
/// timeout, however it is spread.
struct Pace {
  /// Nanoseconds on the loop's clock; nil while nothing is owed.
  private var due: Int64?
  private var moved = 0

  /// - Parameters:
  ///   - isOwed: whether the peer owes something now.
  ///   - total: bytes that have moved since the beginning.
  mutating func isOverdue(isOwed: Bool, moved total: Int, at now: Instant, rule: PaceRule) -> Bool {
    defer { moved = total }
    guard isOwed else {
      due = nil
      return false
    }
    let latest = now.advanced(by: rule.timeout).nanoseconds
    guard let due else {
      self.due = latest
      return false
    }
    let earned = Int64(clamping: total - moved).multipliedReportingOverflow(by: 1_000_000_000)
    let time = earned.overflow ? latest : earned.partialValue / Int64(max(1, rule.bytesPerSecond))
    let next = min(latest, due.addingReportingOverflow(time).overflow ? latest : due + time)
    self.due = next
    return now.nanoseconds >= next
  }
}
