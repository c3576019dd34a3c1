internal import Schema
internal import ServiceKit

extension BillingV1.BillingCycle {
  /// Months that a period has.
  var months: Int64 {
    switch self {
    case .yearly: 12
    default: 1
    }
  }
}

/// Where periods end: the anchor and as many months, clamped to the month's last day, never counted from the end before (31 Jan,
/// 28 Feb, 31 Mar).
enum BillingPeriod {
  /// The end of period `number`, counted from 1, of periods that begin at `anchor`.
  static func end(_ number: Int64, anchor: WallTime, cycle: BillingV1.BillingCycle) -> WallTime {
    anchor.advanced(months: number * cycle.months)
  }
}
