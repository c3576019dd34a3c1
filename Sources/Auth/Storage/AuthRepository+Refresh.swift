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
    let now = context.time
    let graceStart = now.advanced(by: .zero - grace)
    let use = AuthStatements.TokenUse(digest: token.digest, at: now, nextDigest: next.digest)
    return try await database.tenant(token.tenant.uuid, deadline: context.deadline) { transaction in
      guard let row = try await transaction.query(AuthStatements.findToken(use)).only() else { return .refused }
      let found = try AuthStatements.TokenState(row)
      let (session, user) = (found.session, found.user)
      if let used = found.usedAt, used < graceStart || found.successorIsUsed {
        guard found.sessionStands else { return .refused }
        try await end(session, of: user, transaction, token, now, context)
        return .reused
      }
      guard found.isCurrent, found.sessionStands else { return .refused }
      guard found.userMayAct else { return .suspended }
      let answers = try await transaction.query([
        AuthStatements.useToken(use),
        AuthStatements.extendSession(AuthStatements.SessionRecord(id: session, expiresAt: expiresAt)),
        Self.insert(next, session: session, expiresAt: expiresAt, now: now),
        AuthStatements.findUser(AuthStatements.Key(id: user)),
        audit(.tokenRenewed, tenant: token.tenant, user: user, session: session, context),
      ])
      guard let last = answers.dropLast().last else { return .refused }
      return .renewed(try UserRow(last.one()), session: session)
    }
  }

  private func end(
    _ session: UUID, of user: UUID, _ transaction: Transaction, _ token: RefreshToken, _ now: WallTime,
    _ context: AuditContext
  ) async throws(DatabaseError) {
    _ = try await transaction.query([
      AuthStatements.endSession(
        AuthStatements.SessionEnd(id: session, user: user, at: now, reason: "refresh_reuse")),
      audit(.tokenReused, tenant: token.tenant, user: user, session: session, context),
    ])
  }
}
