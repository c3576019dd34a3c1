internal import Postgres
internal import Protobuf
internal import Schema
internal import ServiceKit

/// A row of `billing.subscriptions`.
struct SubscriptionRow: Record {
  var tenant = UUID(high: 0, low: 0)
  var id = UUID(high: 0, low: 0)
  var planID = ""
  var status = BillingV1.SubscriptionStatus.unspecified
  var cycle = BillingV1.BillingCycle.unspecified
  /// Minor units.
  var currentPrice: Int64 = 0
  var currency = ""
  var startedAt = WallTime(microseconds: 0)
  var anchorAt = WallTime(microseconds: 0)
  var currentPeriodStart = WallTime(microseconds: 0)
  var currentPeriodEnd = WallTime(microseconds: 0)
  var cancelledAt: WallTime?
  var expiresAt: WallTime?
  var autoRenew = false
  var isTrial = false
  var trialEndsAt: WallTime?
  var customer: UUID?
  /// The JSON text of an object.
  var metadata: PostgresJSON?
  var createdAt = WallTime(microseconds: 0)
  var updatedAt = WallTime(microseconds: 0)
  /// Counts the changes; the next one makes it one more.
  var version: Int64 = 1

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("tenant_id", &tenant, .fixed)
    try field("id", &id, .fixed)
    try field("plan_id", &planID, .fixed)
    try field("status", &status)
    try field("billing_cycle", &cycle, .fixed)
    try field("current_price", &currentPrice, .fixed)
    try field("currency", &currency, .fixed)
    try field("started_at", &startedAt, .fixed)
    try field("anchor_at", &anchorAt, .fixed)
    try field("current_period_start", &currentPeriodStart, .fixed)
    try field("current_period_end", &currentPeriodEnd, .fixed)
    try field("cancelled_at", &cancelledAt)
    try field("expires_at", &expiresAt)
    try field("auto_renew", &autoRenew)
    try field("is_trial", &isTrial, .fixed)
    try field("trial_ends_at", &trialEndsAt, .fixed)
    try field("customer_id", &customer, .fixed)
    try field("metadata", &metadata)
    try field("created_at", &createdAt, .fixed)
    try field("updated_at", &updatedAt)
    try field("version", &version, .counter)
  }
}

extension SubscriptionRow {
  /// A new one.
  init(
    tenant: UUID, planID: String, terms: SubscriptionTerms, customer: UUID?, metadata: PostgresJSON?, now: WallTime
  ) {
    self.init(
      tenant: tenant, id: .random(), planID: planID, status: .active, cycle: terms.cycle, currentPrice: terms.price,
      currency: terms.currency, startedAt: now, anchorAt: terms.anchor, currentPeriodStart: now,
      currentPeriodEnd: terms.periodEnd, expiresAt: terms.autoRenew ? nil : terms.periodEnd,
      autoRenew: terms.autoRenew, isTrial: terms.trialEnd != nil, trialEndsAt: terms.trialEnd, customer: customer,
      metadata: metadata, createdAt: now, updatedAt: now)
  }

  /// The row as it stands at a moment: one whose end has come has ended, whether or not that was written down (`EndingWorker`).
  func asOf(_ now: WallTime) -> SubscriptionRow {
    guard status == .active || status == .pastDue, let expiresAt, expiresAt <= now else { return self }
    var row = self
    row.status = cancelledAt == nil ? .expired : .cancelled
    return row
  }

  /// The end of the period while the subscription renews itself.
  var nextBillingDate: WallTime? {
    autoRenew && (status == .active || status == .pastDue) ? currentPeriodEnd : nil
  }

  var message: BillingV1.Subscription {
    BillingV1.Subscription(
      id: id.description, tenantID: tenant.description, planID: planID, status: status, billingCycle: cycle,
      currentPrice: currentPrice, currency: currency, startedAt: startedAt.timestamp,
      currentPeriodStart: currentPeriodStart.timestamp, currentPeriodEnd: currentPeriodEnd.timestamp,
      nextBillingDate: nextBillingDate?.timestamp, cancelledAt: cancelledAt?.timestamp, expiresAt: expiresAt?.timestamp,
      autoRenew: autoRenew, isTrial: isTrial, trialEndsAt: trialEndsAt?.timestamp, createdAt: createdAt.timestamp,
      updatedAt: updatedAt.timestamp, customerID: customer?.description ?? "",
      metadata: metadata.flatMap { try? Struct(json: Array($0.text.utf8)) })
  }
}
