internal import Postgres
internal import Schema
internal import ServiceKit

/// A row of `auth.users`, without what nobody may see of it.
struct UserRow: Record {
  var id = UUID(high: 0, low: 0)
  var tenant = TenantID(UUID(high: 0, low: 0))
  var email = ""
  var firstName = ""
  var lastName = ""
  var role = Role.viewer
  var status = AccountStatus.pending
  var emailVerified = false
  var lastLoginAt: WallTime?
  var createdAt = WallTime(microseconds: 0)
  var updatedAt = WallTime(microseconds: 0)

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("id", &id)
    try field("tenant_id", &tenant)
    try field("email", &email)
    try field("first_name", &firstName)
    try field("last_name", &lastName)
    try field("role", &role)
    try field("status", &status)
    try field("email_verified", &emailVerified)
    try field("last_login_at", &lastLoginAt)
    try field("created_at", &createdAt)
    try field("updated_at", &updatedAt)
  }

  var message: AuthV1.User {
    AuthV1.User(
      id: id.description, email: email, tenantID: tenant.description, firstName: firstName, lastName: lastName,
      role: role.message, status: status.message, emailVerified: emailVerified, lastLoginAt: lastLoginAt?.timestamp,
      createdAt: createdAt.timestamp, updatedAt: updatedAt.timestamp)
  }
}

/// A user to be written.
struct NewUser: Record {
  var tenant = TenantID(UUID(high: 0, low: 0))
  var id = UUID(high: 0, low: 0)
  var email = ""
  var passwordHash = ""
  var firstName = ""
  var lastName = ""
  var role = Role.viewer
  var status = AccountStatus.active
  var emailVerified = true
  var createdAt = WallTime(microseconds: 0)
  var updatedAt = WallTime(microseconds: 0)

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("tenant_id", &tenant)
    try field("id", &id)
    try field("email", &email)
    try field("password_hash", &passwordHash)
    try field("first_name", &firstName)
    try field("last_name", &lastName)
    try field("role", &role)
    try field("status", &status)
    try field("email_verified", &emailVerified)
    try field("created_at", &createdAt)
    try field("updated_at", &updatedAt)
  }
}

/// A tenant to be written.
struct NewTenant: Record {
  var id = TenantID(UUID(high: 0, low: 0))
  var name = ""
  var email = ""
  var createdAt = WallTime(microseconds: 0)
  var updatedAt = WallTime(microseconds: 0)

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("id", &id)
    try field("name", &name)
    try field("email", &email)
    try field("created_at", &createdAt)
    try field("updated_at", &updatedAt)
  }
}

/// Whether a user or a tenant may act.
enum AccountStatus: String, PostgresConvertible {
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
