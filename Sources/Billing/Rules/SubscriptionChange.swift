internal import Schema
internal import ServiceKit

/// What becomes of a subscription (`contract.md` section 2). Pure: a row in, the changed row out.
enum SubscriptionChange {
  /// Ends it now, or lets the paid period run out; when that has run out already, now.
  /// - Returns: nil when it is as asked already.
  static func cancel(
    _ row: SubscriptionRow, immediately: Bool, now: WallTime
  ) throws(ServiceError) -> SubscriptionRow? {
    let row = row.asOf(now)
    try refuseEnded(row)
    var changed = row
    changed.autoRenew = false
    if immediately || (row.status != .suspended && now >= row.currentPeriodEnd) {
      changed.status = .cancelled
      changed.cancelledAt = row.cancelledAt ?? now
      // Never later than it was: a suspended one may have come to its end before.
      changed.expiresAt = min(now, row.expiresAt ?? now)
    } else {
      guard row.status != .suspended else {
        throw .conflict("A suspended subscription can only be cancelled immediately", code: "SUBSCRIPTION_SUSPENDED")
      }
      guard row.cancelledAt == nil else { return nil }
      changed.cancelledAt = now
      changed.expiresAt = row.currentPeriodEnd
    }
    return changed
  }

  /// Switches the renewal on or off. Switching it on takes a cancellation back that has not taken effect.
  static func setAutoRenew(
    _ row: SubscriptionRow, _ autoRenew: Bool, now: WallTime
  ) throws(ServiceError) -> SubscriptionRow {
    let row = row.asOf(now)
    try refuseEnded(row)
    guard row.autoRenew != autoRenew else { return row }
    var changed = row
    changed.autoRenew = autoRenew
    if autoRenew {
      changed.cancelledAt = nil
      changed.expiresAt = nil
    } else {
      changed.expiresAt = row.currentPeriodEnd
    }
    return changed
  }

  /// Cancelled and expired are for ever.
  static func refuseEnded(_ row: SubscriptionRow) throws(ServiceError) {
    guard row.status != .cancelled, row.status != .expired else {
      throw .conflict("The subscription has ended", code: "SUBSCRIPTION_ENDED")
    }
  }
}
