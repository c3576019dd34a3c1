internal import Postgres
internal import Schema
internal import ServiceKit

/// A row of `billing.plans`.
struct PlanRow: Sendable {
  let tenant: UUID
  let id: String
  var name: String
  var description: String
  let cycle: BillingV1.BillingCycle
  let price: Int64
  let currency: String
  var trialDays: Int32
  var active: Bool
  let createdAt: WallTime
  var updatedAt: WallTime
  /// Counts the changes; the next one makes it one more.
  let version: Int64

  static let columns: StaticString = """
    tenant_id, id, name, description, billing_cycle, price, currency, trial_days, active, created_at, updated_at,
    version
    """

  init(_ row: Row) throws(DatabaseError) {
    tenant = try row[0, as: UUID.self]
    id = try row[1, as: String.self]
    name = try row[2, as: String.self]
    description = try row[3, as: String.self]
    cycle = BillingV1.BillingCycle(text: try row[4, as: String.self])
    price = try row[5, as: Int64.self]
    currency = try row[6, as: String.self]
    trialDays = try row[7, as: Int32.self]
    active = try row[8, as: Bool.self]
    createdAt = WallTime(try row[9, as: PostgresTimestamp.self])
    updatedAt = WallTime(try row[10, as: PostgresTimestamp.self])
    version = try row[11, as: Int64.self]
  }

  init(_ request: BillingV1.CreatePlanRequest, tenant: UUID, now: WallTime) {
    self.tenant = tenant
    id = request.id
    name = request.name
    description = request.description
    cycle = request.billingCycle
    price = request.price ?? 0
    currency = request.currency
    trialDays = request.trialDays
    active = true
    createdAt = now
    updatedAt = now
    version = 1
  }

  var message: BillingV1.Plan {
    BillingV1.Plan(
      id: id, tenantID: tenant.description, name: name, description: description, billingCycle: cycle, price: price,
      currency: currency, trialDays: trialDays, active: active, createdAt: createdAt.timestamp,
      updatedAt: updatedAt.timestamp)
  }
}
