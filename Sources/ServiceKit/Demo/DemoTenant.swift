internal import Postgres

/// One tenant of the demo data and all that is in it.
struct DemoTenant {
  let id: UUID
  let name: String
  let domain: String
  let users: [User]
  let plans: [DemoPlan]
  let subscriptions: Int

  struct User {
    /// The last digits of the id.
    let number: Int
    let address: String
    let firstName: String
    let lastName: String
    let role: Role
  }

  static let acme = DemoTenant(
    id: DemoData.acme, name: "Acme", domain: "acme.test",
    users: [
      User(number: 1, address: "admin@acme.test", firstName: "Ada", lastName: "Admin", role: .admin),
      User(number: 2, address: "billing@acme.test", firstName: "Bill", lastName: "Ing", role: .billingAdmin),
      User(number: 3, address: "user@acme.test", firstName: "Uma", lastName: "User", role: .user),
      User(number: 4, address: "viewer@acme.test", firstName: "Vic", lastName: "Viewer", role: .viewer),
    ], plans: DemoPlan.catalogue, subscriptions: 36)

  static let globex = DemoTenant(
    id: DemoData.globex, name: "Globex", domain: "globex.test",
    users: [User(number: 21, address: "admin@globex.test", firstName: "Gina", lastName: "Globe", role: .admin)],
    plans: Array(DemoPlan.catalogue.prefix(2)), subscriptions: 6)

  /// Where the operators of the platform are at home.
  static let platform = DemoTenant(
    id: DemoData.platform, name: "CloudBill", domain: "cloudbill.test",
    users: [
      User(number: 31, address: "root@cloudbill.test", firstName: "Root", lastName: "Operator", role: .superAdmin)
    ], plans: [], subscriptions: 0)

  func statements(now: WallTime) -> [Statement] {
    let created = PostgresTimestamp(now.advanced(by: .seconds(-500 * 86_400)))
    var statements = [
      Statement(
        "INSERT INTO auth.tenants (id, name, email, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)", id, name,
        "office@\(domain)", created)
    ]
    for user in users {
      statements.append(
        Statement(
          """
          INSERT INTO auth.users (tenant_id, id, email, password_hash, first_name, last_name, role, status,
            email_verified, created_at, updated_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, 'ACTIVE', true, $8, $8)
          """, id, DemoID.user(user.number), user.address, DemoPassword.hash, user.firstName, user.lastName,
          user.role.rawValue, created))
    }
    for plan in plans { statements.append(plan.statement(tenant: id, createdAt: created)) }
    let customer = users.first { $0.role == .user }.map { DemoID.user($0.number) }
    for number in 0..<subscriptions {
      guard let subscription = DemoSubscription(number: number, plans: plans) else { continue }
      statements.append(subscription.statement(tenant: id, customer: customer, now: now))
    }
    return statements
  }
}

/// Ids that say what they are of, and are the same each time.
enum DemoID {
  static func user(_ number: Int) -> UUID { id("0000000a", number) }

  static func subscription(tenant: UUID, _ number: Int) -> UUID {
    id(tenant == DemoData.acme ? "0000000b" : "0000000c", number + 1)
  }

  private static func id(_ prefix: String, _ number: Int) -> UUID {
    let digits = String(number)
    let text = "\(prefix)-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    return UUID(text) ?? .random()
  }
}
