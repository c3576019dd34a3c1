internal import Postgres
internal import Protobuf
internal import RPC
internal import Reactor
internal import ServiceKit

/// What auth asks of its tables. What needs no tenant goes through the functions of `0002_auth.sql`, everything else through the tenant's
/// context.
struct AuthRepository: Sendable {
  let database: Database
  let tables: ServiceTables

  /// What signing in needs to know of an address.
  struct Candidate: Sendable {
    let tenant: TenantID
    let user: UUID
    let passwordHash: String
    /// Whether the user and its tenant may act.
    let isActive: Bool
  }

  enum Attempt: Sendable {
    /// Too many before it.
    case mustWait(seconds: Int)
    /// Without a candidate nobody has the address.
    case counted(Candidate?)
  }

  /// Counts an attempt and finds who has the address.
  func beginSignIn(
    email: String, at now: WallTime, freeAttempts: Int, longestWait: Duration, deadline: Deadline
  ) async throws(DatabaseError) -> Attempt {
    let statement = Statement(
      """
      SELECT wait_seconds, tenant_id, user_id, password_hash, user_status, tenant_status
      FROM auth.begin_sign_in($1, sha256(convert_to(lower($1), 'UTF8')), $2, $3, $4)
      """,
      email, PostgresTimestamp(now), Int32(freeAttempts), Int32(clamping: longestWait.components.seconds))
    return try await database.unscoped(deadline: deadline, statement) { rows in
      let row = try rows.one()
      let wait = try row[0, as: Int32.self]
      guard wait == 0 else { return .mustWait(seconds: Int(wait)) }
      guard let tenant = try row[1, as: UUID?.self] else { return .counted(nil) }
      let isActive = try [4, 5].allSatisfy { try row[$0, as: String.self] == AccountStatus.active.rawValue }
      return .counted(
        Candidate(
          tenant: TenantID(tenant), user: try row[2, as: UUID.self], passwordHash: try row[3, as: String.self],
          isActive: isActive))
    }
  }

  /// Forgets the attempts of an address whose password was right.
  func forgetAttempts(email: String, at now: WallTime, deadline: Deadline) async throws(DatabaseError) {
    try await database.unscoped(
      deadline: deadline, Self.forgetAttempts(email, PostgresTimestamp(now)))
  }

  /// An address is in upper or lower case as the database has it, for the account and for its attempts alike.
  private static func forgetAttempts(_ email: String, _ now: PostgresTimestamp) -> Statement {
    Statement("SELECT auth.end_sign_in(sha256(convert_to(lower($1), 'UTF8')), $2)", email, now)
  }

  enum Opening: Sendable {
    case opened(UserRow)
    /// The password is another one by now.
    case passwordChanged
    /// The user may no longer act.
    case inactive
  }

  /// Begins a session with its first refresh token, when the password that was compared is still the user's.
  func openSession(_ session: NewSession, for candidate: Candidate, _ context: AuditContext) async throws -> Opening {
    let now = PostgresTimestamp(context.time)
    return try await database.tenant(candidate.tenant.uuid, deadline: context.deadline) { transaction in
      let users = try await transaction.query(
        Statement(
          """
          UPDATE auth.users SET last_login_at = $2, password_hash = coalesce($3, password_hash), updated_at = $2,
            version = version + 1
          WHERE id = $1 AND status = 'ACTIVE' AND password_hash = $4
          RETURNING id, tenant_id, email, first_name, last_name, role, status, email_verified, last_login_at,
            created_at, updated_at
          """, candidate.user, now, session.renewedHash, candidate.passwordHash))
      guard let row = try users.only() else {
        let isSame = try await transaction.query(
          Statement("SELECT password_hash = $2 FROM auth.users WHERE id = $1", candidate.user, candidate.passwordHash)
        ).only().map { try $0[0, as: Bool.self] }
        return isSame == false ? .passwordChanged : .inactive
      }
      _ = try await transaction.query([
        Statement(
          "INSERT INTO auth.sessions (tenant_id, id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
          candidate.tenant.uuid, session.id, candidate.user, now, PostgresTimestamp(session.expiresAt)),
        Self.insert(session.token, session: session.id, expiresAt: session.expiresAt, now: now),
        Self.forgetAttempts(session.address, now),
        audit(.signedIn, tenant: candidate.tenant, user: candidate.user, session: session.id, context),
      ])
      return .opened(try UserRow(row))
    }
  }

  struct NewSession: Sendable {
    let id: UUID
    let token: RefreshToken
    let expiresAt: WallTime
    /// The address, whose attempts are forgotten.
    let address: String
    /// A hash that replaces an older, weaker one.
    let renewedHash: String?
  }

  /// The user, in its own tenant; `nil` when it is gone.
  func user(_ id: UUID, tenant: TenantID, deadline: Deadline) async throws(DatabaseError) -> UserRow? {
    let statement = Statement(
      """
      SELECT id, tenant_id, email, first_name, last_name, role, status, email_verified, last_login_at, created_at,
        updated_at
      FROM auth.users WHERE id = $1
      """, id)
    return try await database.tenant(tenant.uuid, deadline: deadline, statement) { try $0.only().map(UserRow.init) }
  }

  /// Ends a session; nothing happens to one that has ended.
  func endSession(_ session: UUID, of user: UUID, tenant: TenantID, _ context: AuditContext) async throws {
    try await database.tenant(tenant.uuid, deadline: context.deadline) { transaction in
      let ended = try await transaction.execute(
        Statement(
          """
          UPDATE auth.sessions SET ended_at = $3, end_reason = 'logout'
          WHERE id = $1 AND user_id = $2 AND ended_at IS NULL
          """, session, user, PostgresTimestamp(context.time)))
      guard ended > 0 else { return }
      _ = try await transaction.query(
        audit(.signedOut, tenant: tenant, user: user, session: session, context))
    }
  }

  /// Writes what happened to a user.
  func record(
    _ event: AuditEvent, tenant: TenantID, user: UUID, session: UUID? = nil, actedIn: TenantID? = nil,
    _ context: AuditContext
  ) async throws(DatabaseError) {
    try await database.tenant(
      tenant.uuid, deadline: context.deadline,
      audit(event, tenant: tenant, user: user, session: session, actedIn: actedIn, context))
  }

  static func insert(
    _ token: RefreshToken, session: UUID, expiresAt: WallTime, now: PostgresTimestamp
  ) -> Statement {
    Statement(
      """
      INSERT INTO auth.refresh_tokens (tenant_id, digest, session_id, issued_at, expires_at)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
      """, token.tenant.uuid, token.digest, session, now, PostgresTimestamp(expiresAt))
  }

  /// The line of the audit trail, in the user's own tenant. It is the last statement of its transaction.
  func audit(
    _ event: AuditEvent, tenant: TenantID, user: UUID, session: UUID?, actedIn: TenantID? = nil,
    _ context: AuditContext
  ) -> Statement {
    tables.audit(
      AuditEntry(
        event.rawValue, object: (session ?? user).description,
        detail: actedIn.map { ["actedIn": .string($0.description)] } ?? [:]),
      Principal(
        user: user, tenant: tenant, requestID: context.requestID, deadline: context.deadline, now: context.time))
  }
}

/// When and for which request something happens.
struct AuditContext: Sendable {
  let time: WallTime
  let requestID: String
  let deadline: Deadline

  init(_ call: ServerCall, _ clock: WallClock) {
    time = clock.now
    requestID = call.requestID
    deadline = call.workDeadline
  }

  /// The same with another deadline, for what nobody waits for.
  init(_ context: AuditContext, deadline: Deadline) {
    time = context.time
    requestID = context.requestID
    self.deadline = deadline
  }
}
