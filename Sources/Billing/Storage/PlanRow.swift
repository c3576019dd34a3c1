internal import Postgres
internal import Schema
internal import ServiceKit

/// A row of `billing.plans`.
struct PlanRow: Record {
  var tenant = UUID(high: 0, low: 0)
  var id = ""
  var name = ""
  var description = ""
  var cycle = BillingV1.BillingCycle.unspecified
  /// Minor units.
  var price: Int64 = 0
  var currency = ""
  var trialDays: Int32 = 0
  var active = true
  var createdAt = WallTime(microseconds: 0)
  var updatedAt = WallTime(microseconds: 0)
  /// Counts the changes; the next one makes it one more.
  var version: Int64 = 1

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("tenant_id", &tenant, .fixed)
    try field("id", &id, .fixed)
    try field("name", &name)
    try field("description", &description)
    try field("billing_cycle", &cycle, .fixed)
    try field("price", &price, .fixed)
    try field("currency", &currency, .fixed)
    try field("trial_days", &trialDays)
    try field("active", &active)
    try field("created_at", &createdAt, .fixed)
    try field("updated_at", &updatedAt)
    try field("version", &version, .counter)
  }
}

extension PlanRow {
  init(_ request: BillingV1.CreatePlanRequest, tenant: UUID, now: WallTime) {
    self.init(
      tenant: tenant, id: request.id, name: request.name, description: request.description,
      cycle: request.billingCycle, price: request.price ?? 0, currency: request.currency, trialDays: request.trialDays,
      createdAt: now, updatedAt: now)
  }

  var message: BillingV1.Plan {
    BillingV1.Plan(
      id: id, tenantID: tenant.description, name: name, description: description, billingCycle: cycle, price: price,
      currency: currency, trialDays: trialDays, active: active, createdAt: createdAt.timestamp,
      updatedAt: updatedAt.timestamp)
  }
}
