internal import Postgres
internal import ServiceKit

/// A tenant of the demo data and its users.
enum DemoUsers {
  static func statements(_ tenant: DemoTenant, _ now: WallTime) -> [Statement] {
    let created = PostgresTimestamp(now.advanced(by: .seconds(-500 * 86_400)))
    return [
      Statement(
        "INSERT INTO auth.tenants (id, name, email, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)", tenant.id,
        tenant.name, "office@\(tenant.domain)", created)
    ]
      + tenant.users.map { user in
        Statement(
          """
          INSERT INTO auth.users (tenant_id, id, email, password_hash, first_name, last_name, role, status,
            email_verified, created_at, updated_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, 'ACTIVE', true, $8, $8)
          """, tenant.id, user.id, user.address, DemoPassword.hash, user.firstName, user.lastName,
          user.role.rawValue, created)
      }
  }
}
