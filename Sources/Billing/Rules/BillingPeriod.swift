internal import Protobuf
internal import Schema
internal import ServiceKit

/// Months a cycle has.
extension BillingV1.BillingCycle {
  /// The spelling of tables; nil for none of ours.
  var text: String? {
    switch self {
    case .monthly: "monthly"
    case .yearly: "yearly"
    case .unspecified, .unrecognized: nil
    }
  }

  init(text: String) {
    self =
      switch text {
      case "monthly": .monthly
      case "yearly": .yearly
      default: .unspecified
      }
  }

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
    advance(anchor, months: number * cycle.months)
  }

  /// The same time of day on the same day of the month, or on the month's last day when it has no such day.
  static func advance(_ time: WallTime, months: Int64) -> WallTime {
    let (day, inDay) = split(time)
    let date = TimeText.civil(days: day)
    let month = date.year * 12 + date.month - 1 + months
    let (year, zeroBased) = (floorDivide(month, 12), floorModulo(month, 12))
    let clamped = min(date.day, TimeText.daysIn(month: zeroBased + 1, year: year))
    let days = TimeText.daysSinceEpoch(year: year, month: zeroBased + 1, day: clamped)
    return WallTime(microseconds: days * microsecondsADay + inDay)
  }

  private static let microsecondsADay: Int64 = 86_400_000_000

  private static func split(_ time: WallTime) -> (day: Int64, inDay: Int64) {
    (floorDivide(time.microseconds, microsecondsADay), floorModulo(time.microseconds, microsecondsADay))
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }

  private static func floorModulo(_ value: Int64, _ divisor: Int64) -> Int64 {
    let remainder = value % divisor
    return remainder < 0 ? remainder + divisor : remainder
  }
}
