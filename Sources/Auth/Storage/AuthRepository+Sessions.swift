internal import Postgres
internal import Reactor
internal import ServiceKit

extension AuthRepository {
  /// How a session stands, with what the database says of its user now.
  struct SessionRow: Sendable {
    let tenant: TenantID
    let user: UUID
    let email: String
    let role: Role?
    let isActive: Bool
    let expiresAt: WallTime
    let hasEnded: Bool
  }

  /// `nil` for a session nobody has.
  func session(_ id: UUID, deadline: Deadline) async throws(DatabaseError) -> SessionRow? {
    let statement = Statement(
      """
      SELECT tenant_id, user_id, email, role, user_status = 'ACTIVE' AND tenant_status = 'ACTIVE', expires_at,
        ended_at IS NOT NULL
      FROM auth.session_state($1)
      """, id)
    return try await database.unscoped(deadline: deadline, statement) { rows in
      guard let row = try rows.only() else { return nil }
      return SessionRow(
        tenant: TenantID(try row[0, as: UUID.self]), user: try row[1, as: UUID.self],
        email: try row[2, as: String.self], role: Role(rawValue: try row[3, as: String.self]),
        isActive: try row[4, as: Bool.self], expiresAt: WallTime(try row[5, as: PostgresTimestamp.self]),
        hasEnded: try row[6, as: Bool.self])
    }
  }

  /// Whether there is such a tenant.
  func tenantExists(_ tenant: TenantID, deadline: Deadline) async throws(DatabaseError) -> Bool {
    try await database.unscoped(
      deadline: deadline, Statement("SELECT auth.tenant_status($1) IS NOT NULL", tenant.uuid)
    ) { try $0.one()[0, as: Bool.self] }
  }
}
