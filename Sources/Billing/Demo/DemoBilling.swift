internal import Postgres
internal import ServiceKit

/// The plans and subscriptions of a tenant of the demo data.
enum DemoBilling {
  static func statements(_ tenant: DemoTenant, _ now: WallTime) -> [Statement] {
    let (plans, subscriptions) = extent(of: tenant)
    let created = now.advanced(by: .seconds(-500 * 86_400))
    let customer = tenant.users.first { $0.role == .user }?.id
    return plans.map { $0.statement(tenant: tenant.id, createdAt: created) }
      + (0..<subscriptions).compactMap { number in
        DemoSubscription(number: number, plans: plans)?.statement(tenant: tenant.id, customer: customer, now: now)
      }
  }

  private static func extent(of tenant: DemoTenant) -> (plans: [DemoPlan], subscriptions: Int) {
    switch tenant.id {
    case DemoData.acme: (DemoPlan.catalogue, 36)
    case DemoData.globex: (Array(DemoPlan.catalogue.prefix(2)), 6)
    default: ([], 0)
    }
  }
}
