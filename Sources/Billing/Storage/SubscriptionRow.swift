internal import Postgres
internal import Protobuf
internal import Schema
internal import ServiceKit

extension BillingV1.SubscriptionStatus {
  /// The spelling of tables; nil for none of ours.
  var text: String? {
    switch self {
    case .active: "active"
    case .cancelled: "cancelled"
    case .expired: "expired"
    case .suspended: "suspended"
    case .pastDue: "past_due"
    case .unspecified, .unrecognized: nil
    }
  }

  init(text: String) {
    self =
      switch text {
      case "active": .active
      case "cancelled": .cancelled
      case "expired": .expired
      case "suspended": .suspended
      case "past_due": .pastDue
      default: .unspecified
      }
  }
}

/// A row of `billing.subscriptions`.
struct SubscriptionRow: Sendable {
  let tenant: UUID
  let id: UUID
  let planID: String
  var status: BillingV1.SubscriptionStatus
  let cycle: BillingV1.BillingCycle
  let currentPrice: Int64
  let currency: String
  let startedAt: WallTime
  let anchorAt: WallTime
  let currentPeriodStart: WallTime
  let currentPeriodEnd: WallTime
  var cancelledAt: WallTime?
  var expiresAt: WallTime?
  var autoRenew: Bool
  let isTrial: Bool
  let trialEndsAt: WallTime?
  let customer: UUID?
  /// The JSON text of an object.
  var metadata: String?
  let createdAt: WallTime
  var updatedAt: WallTime
  /// Counts the changes; the next one makes it one more.
  let version: Int64

  static let columns: StaticString = """
    tenant_id, id, plan_id, status, billing_cycle, current_price, currency, started_at, anchor_at, current_period_start,
    current_period_end, cancelled_at, expires_at, auto_renew, is_trial, trial_ends_at, customer_id, metadata, created_at,
    updated_at, version
    """

  init(_ row: Row) throws(DatabaseError) {
    tenant = try row[0, as: UUID.self]
    id = try row[1, as: UUID.self]
    planID = try row[2, as: String.self]
    status = BillingV1.SubscriptionStatus(text: try row[3, as: String.self])
    cycle = BillingV1.BillingCycle(text: try row[4, as: String.self])
    currentPrice = try row[5, as: Int64.self]
    currency = try row[6, as: String.self]
    startedAt = WallTime(try row[7, as: PostgresTimestamp.self])
    anchorAt = WallTime(try row[8, as: PostgresTimestamp.self])
    currentPeriodStart = WallTime(try row[9, as: PostgresTimestamp.self])
    currentPeriodEnd = WallTime(try row[10, as: PostgresTimestamp.self])
    cancelledAt = try row[11, as: PostgresTimestamp?.self].map { WallTime($0) }
    expiresAt = try row[12, as: PostgresTimestamp?.self].map { WallTime($0) }
    autoRenew = try row[13, as: Bool.self]
    isTrial = try row[14, as: Bool.self]
    trialEndsAt = try row[15, as: PostgresTimestamp?.self].map { WallTime($0) }
    customer = try row[16, as: UUID?.self]
    metadata = try row[17, as: PostgresJSON?.self]?.text
    createdAt = WallTime(try row[18, as: PostgresTimestamp.self])
    updatedAt = WallTime(try row[19, as: PostgresTimestamp.self])
    version = try row[20, as: Int64.self]
  }

  /// A new one.
  init(
    tenant: UUID, planID: String, terms: SubscriptionTerms, customer: UUID?, metadata: PostgresJSON?, now: WallTime
  ) {
    self.tenant = tenant
    id = .random()
    self.planID = planID
    status = .active
    cycle = terms.cycle
    currentPrice = terms.price
    currency = terms.currency
    startedAt = now
    anchorAt = terms.anchor
    currentPeriodStart = now
    currentPeriodEnd = terms.periodEnd
    cancelledAt = nil
    expiresAt = terms.autoRenew ? nil : terms.periodEnd
    autoRenew = terms.autoRenew
    isTrial = terms.trialEnd != nil
    trialEndsAt = terms.trialEnd
    self.customer = customer
    self.metadata = metadata?.text
    createdAt = now
    updatedAt = now
    version = 1
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
      metadata: metadata.flatMap { try? Struct(json: Array($0.utf8)) })
  }
}
