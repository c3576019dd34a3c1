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
    let attempt = AuthStatements.SignInAttempt(
      email: email, at: now, freeAttempts: Int32(freeAttempts),
      longestWaitSeconds: Int32(clamping: longestWait.components.seconds))
    return try await database.unscoped(deadline: deadline, AuthStatements.beginSignIn(attempt)) { rows in
      let state = try AuthStatements.SignInState(rows.one())
      guard state.waitSeconds == 0 else { return .mustWait(seconds: Int(state.waitSeconds)) }
      guard let tenant = state.tenant, let user = state.user, let hash = state.passwordHash else {
        return .counted(nil)
      }
      return .counted(
        Candidate(
          tenant: tenant, user: user, passwordHash: hash,
          isActive: state.userStatus == .active && state.tenantStatus == .active))
    }
  }

  /// Forgets the attempts of an address whose password was right.
  func forgetAttempts(email: String, at now: WallTime, deadline: Deadline) async throws(DatabaseError) {
    try await database.unscoped(deadline: deadline, Self.forgetAttempts(email, now))
  }

  private static func forgetAttempts(_ email: String, _ now: WallTime) -> Statement {
    AuthStatements.forgetAttempts(AuthStatements.SignInAttempt(email: email, at: now))
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
    let now = context.time
    let note = AuthStatements.SignInNote(
      id: candidate.user, at: now, comparedHash: candidate.passwordHash, renewedHash: session.renewedHash)
    return try await database.tenant(candidate.tenant.uuid, deadline: context.deadline) { transaction in
      guard let row = try await transaction.query(AuthStatements.noteSignIn(note)).only() else {
        let found = try await transaction.query(AuthStatements.comparePassword(note)).only()
        return try found.map { try AuthStatements.Comparison($0).isSame } == false ? .passwordChanged : .inactive
      }
      _ = try await transaction.query([
        AuthStatements.insertSession(
          AuthStatements.SessionRecord(
            tenant: candidate.tenant, id: session.id, user: candidate.user, createdAt: now,
            expiresAt: session.expiresAt)),
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
    let statement = AuthStatements.findUser(AuthStatements.Key(id: id))
    return try await database.tenant(tenant.uuid, deadline: deadline, statement) { try $0.only().map(UserRow.init) }
  }

  /// Ends a session; nothing happens to one that has ended.
  func endSession(_ session: UUID, of user: UUID, tenant: TenantID, _ context: AuditContext) async throws {
    try await database.tenant(tenant.uuid, deadline: context.deadline) { transaction in
      let ended = try await transaction.execute(
        AuthStatements.endSession(
          AuthStatements.SessionEnd(id: session, user: user, at: context.time, reason: "logout")))
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

  static func insert(_ token: RefreshToken, session: UUID, expiresAt: WallTime, now: WallTime) -> Statement {
    AuthStatements.insertToken(
      AuthStatements.TokenRecord(
        tenant: token.tenant, digest: token.digest, session: session, issuedAt: now, expiresAt: expiresAt))
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
