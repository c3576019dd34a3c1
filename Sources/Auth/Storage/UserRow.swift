internal import Postgres
internal import Schema
internal import ServiceKit

/// A user as the table has it.
struct UserRow: Sendable {
  let id: UUID
  let tenant: TenantID
  let email: String
  let role: Role
  let message: AuthV1.User

  /// Reads id, tenant_id, email, first_name, last_name, role, status, email_verified, last_login_at, created_at, updated_at.
  init(_ row: Row) throws(DatabaseError) {
    id = try row[0, as: UUID.self]
    tenant = TenantID(try row[1, as: UUID.self])
    email = try row[2, as: String.self]
    guard let role = Role(rawValue: try row[5, as: String.self]) else { throw .unexpectedResult("an unknown role") }
    self.role = role
    message = AuthV1.User(
      id: id.description, email: email, tenantID: tenant.description, firstName: try row[3, as: String.self],
      lastName: try row[4, as: String.self], role: role.message,
      status: AccountStatus(rawValue: try row[6, as: String.self])?.message ?? .unspecified,
      emailVerified: try row[7, as: Bool.self],
      lastLoginAt: try row[8, as: PostgresTimestamp?.self].map { WallTime($0).timestamp },
      createdAt: WallTime(try row[9, as: PostgresTimestamp.self]).timestamp,
      updatedAt: WallTime(try row[10, as: PostgresTimestamp.self]).timestamp)
  }
}

/// Whether a user or a tenant may act.
enum AccountStatus: String {
  case active = "ACTIVE"
  case inactive = "INACTIVE"
  case suspended = "SUSPENDED"
  /// Users only: has not confirmed its address.
  case pending = "PENDING"

  var message: AuthV1.UserStatus {
    switch self {
    case .active: .active
    case .inactive: .inactive
    case .suspended: .suspended
    case .pending: .pending
    }
  }
}
