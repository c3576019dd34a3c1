internal import Postgres
internal import Schema
internal import ServiceKit

/// A plan of the demo data.
struct DemoPlan {
  let id: String
  let name: String
  let description: String
  let cycle: BillingV1.BillingCycle
  /// Minor units.
  let price: Int64
  let currency: String
  let trialDays: Int32
  let active: Bool

  static let catalogue = [
    DemoPlan(
      id: "starter-monthly", name: "Starter", description: "For one person.", cycle: .monthly, price: 1900,
      currency: "USD", trialDays: 14, active: true),
    DemoPlan(
      id: "pro-monthly", name: "Pro", description: "For a team.", cycle: .monthly, price: 9900, currency: "USD",
      trialDays: 14, active: true),
    DemoPlan(
      id: "pro-yearly", name: "Pro, by the year", description: "Two months free.", cycle: .yearly, price: 99_000,
      currency: "USD", trialDays: 30, active: true),
    DemoPlan(
      id: "enterprise-monthly", name: "Enterprise", description: "For a company.", cycle: .monthly, price: 49_900,
      currency: "EUR", trialDays: 0, active: true),
    DemoPlan(
      id: "nippon-monthly", name: "Pro (Japan)", description: "For a team in Japan.", cycle: .monthly, price: 14_800,
      currency: "JPY", trialDays: 14, active: true),
    DemoPlan(
      id: "legacy-monthly", name: "Legacy", description: "Takes no new subscriptions.", cycle: .monthly, price: 4900,
      currency: "USD", trialDays: 0, active: false),
  ]

  func statement(tenant: UUID, createdAt: WallTime) -> Statement {
    PlanStatements.insert(
      PlanRow(
        tenant: tenant, id: id, name: name, description: description, cycle: cycle, price: price, currency: currency,
        trialDays: trialDays, active: active, createdAt: createdAt, updatedAt: createdAt))
  }
}
