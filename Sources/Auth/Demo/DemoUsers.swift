internal import Postgres
internal import ServiceKit

/// A tenant of the demo data and its users.
enum DemoUsers {
  static func statements(_ tenant: DemoTenant, _ now: WallTime) -> [Statement] {
    let created = now.advanced(by: .seconds(-500 * 86_400))
    return [
      AuthStatements.insertTenant(
        NewTenant(
          id: TenantID(tenant.id), name: tenant.name, email: "office@\(tenant.domain)", createdAt: created,
          updatedAt: created))
    ]
      + tenant.users.map { user in
        AuthStatements.insertUser(
          NewUser(
            tenant: TenantID(tenant.id), id: user.id, email: user.address, passwordHash: DemoPassword.hash,
            firstName: user.firstName, lastName: user.lastName, role: user.role, createdAt: created,
            updatedAt: created))
      }
  }
}
