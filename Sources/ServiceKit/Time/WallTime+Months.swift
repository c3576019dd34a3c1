internal import Protobuf

extension WallTime {
  /// The same time of day, as many months later, on the same day of the month, or on the month's last day when it has no such day
  /// (`contract.md` decision 10). To count periods, add all months to the first one's beginning: 31 Jan, 28 Feb, 31 Mar.
  public func advanced(months: Int64) -> WallTime {
    let date = TimeText.civil(days: Self.floorDivide(microseconds, Self.day))
    let month = date.year * 12 + date.month - 1 + months
    let year = Self.floorDivide(month, 12)
    let inYear = month - year * 12 + 1
    let days = TimeText.daysSinceEpoch(
      year: year, month: inYear, day: min(date.day, TimeText.daysIn(month: inYear, year: year)))
    return WallTime(microseconds: days * Self.day + microseconds - Self.floorDivide(microseconds, Self.day) * Self.day)
  }

  private static let day: Int64 = 86_400_000_000

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
