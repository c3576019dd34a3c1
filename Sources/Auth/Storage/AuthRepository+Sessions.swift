internal import Postgres
internal import Reactor
internal import ServiceKit

extension AuthRepository {
  /// `nil` for a session nobody has.
  func session(_ id: UUID, deadline: Deadline) async throws(DatabaseError) -> SessionRow? {
    let statement = AuthStatements.sessionState(AuthStatements.Key(id: id))
    return try await database.unscoped(deadline: deadline, statement) { try $0.only().map(SessionRow.init) }
  }

  /// Whether there is such a tenant.
  func tenantExists(_ tenant: TenantID, deadline: Deadline) async throws(DatabaseError) -> Bool {
    let statement = AuthStatements.hasTenant(AuthStatements.Key(id: tenant.uuid))
    return try await database.unscoped(deadline: deadline, statement) {
      try AuthStatements.Comparison($0.one()).isSame
    }
  }
}

/// How a session stands, with what the database says of its user now.
struct SessionRow: Record {
  var tenant = TenantID(UUID(high: 0, low: 0))
  var user = UUID(high: 0, low: 0)
  var email = ""
  var roleName = ""
  var userStatus = AccountStatus.inactive
  var tenantStatus = AccountStatus.inactive
  var expiresAt = WallTime(microseconds: 0)
  var endedAt: WallTime?

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("tenant_id", &tenant)
    try field("user_id", &user)
    try field("email", &email)
    try field("role", &roleName)
    try field("user_status", &userStatus)
    try field("tenant_status", &tenantStatus)
    try field("expires_at", &expiresAt)
    try field("ended_at", &endedAt)
  }

  /// Nil for one that this build does not know: it grants nothing.
  var role: Role? { Role(rawValue: roleName) }
  /// Whether the user and its tenant may act.
  var isActive: Bool { userStatus == .active && tenantStatus == .active }
  var hasEnded: Bool { endedAt != nil }
}
