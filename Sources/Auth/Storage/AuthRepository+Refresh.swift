internal import Postgres
internal import ServiceKit

extension AuthRepository {
  enum Renewal: Sendable {
    /// The session goes on, with the new token.
    case renewed(UserRow, session: UUID)
    /// Unknown or expired token, or a session that has ended.
    case refused
    /// The token had been used before, and more than the reply to it was lost: whoever has it, the session is over.
    case reused
    /// The user or its tenant may not act.
    case suspended
  }

  /// Exchanges a refresh token for `next`, its successor. A token that was used less than `grace` ago counts once more as long as its
  /// successor was not used: the reply may have been lost.
  func renew(
    _ token: RefreshToken, with next: RefreshToken, expiresAt: WallTime, grace: Duration, _ context: AuditContext
  ) async throws -> Renewal {
    let now = PostgresTimestamp(context.time)
    let graceStart = PostgresTimestamp(context.time.advanced(by: .zero - grace))
    return try await database.tenant(token.tenant.uuid, deadline: context.deadline) { transaction in
      let found = try await transaction.query(
        Statement(
          """
          SELECT t.session_id, t.used_at, t.expires_at > $2, s.user_id, s.ended_at IS NULL AND s.expires_at > $2,
            u.status = 'ACTIVE' AND n.status = 'ACTIVE',
            EXISTS (SELECT FROM auth.refresh_tokens x WHERE x.digest = $3 AND x.used_at IS NOT NULL)
          FROM auth.refresh_tokens t
          JOIN auth.sessions s ON s.tenant_id = t.tenant_id AND s.id = t.session_id
          JOIN auth.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
          JOIN auth.tenants n ON n.id = s.tenant_id
          WHERE t.digest = $1
          FOR UPDATE OF t, s
          """, token.digest, now, next.digest))
      guard let row = try found.only() else { return .refused }
      let session = try row[0, as: UUID.self]
      let user = try row[3, as: UUID.self]
      let stands = try row[4, as: Bool.self]
      if let used = try row[1, as: PostgresTimestamp?.self], try used < graceStart || row[6, as: Bool.self] {
        guard stands else { return .refused }
        try await end(session, of: user, transaction, token, now, context)
        return .reused
      }
      guard try row[2, as: Bool.self], stands else { return .refused }
      guard try row[5, as: Bool.self] else { return .suspended }
      let answers = try await transaction.query([
        Statement(
          "UPDATE auth.refresh_tokens SET used_at = coalesce(used_at, $2) WHERE digest = $1", token.digest, now),
        Statement("UPDATE auth.sessions SET expires_at = $2 WHERE id = $1", session, PostgresTimestamp(expiresAt)),
        Self.insert(next, session: session, expiresAt: expiresAt, now: now),
        Statement(
          """
          SELECT id, tenant_id, email, first_name, last_name, role, status, email_verified, last_login_at, created_at,
            updated_at
          FROM auth.users WHERE id = $1
          """, user),
        audit(.tokenRenewed, tenant: token.tenant, user: user, session: session, context),
      ])
      guard let last = answers.dropLast().last else { return .refused }
      return .renewed(try UserRow(last.one()), session: session)
    }
  }

  private func end(
    _ session: UUID, of user: UUID, _ transaction: Transaction, _ token: RefreshToken, _ now: PostgresTimestamp,
    _ context: AuditContext
  ) async throws(DatabaseError) {
    _ = try await transaction.query([
      Statement(
        "UPDATE auth.sessions SET ended_at = $2, end_reason = 'refresh_reuse' WHERE id = $1", session, now),
      audit(.tokenReused, tenant: token.tenant, user: user, session: session, context),
    ])
  }
}
