internal import Postgres
internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// What happens to a session after its beginning.
struct Sessions: Sendable {
  let repository: AuthRepository
  let issuer: TokenIssuer
  let clock: WallClock
  let crossings = TenantCrossings()

  private func context(_ call: ServerCall) -> AuditContext {
    AuditContext(call, clock)
  }

  /// Who is signed in, in its own tenant whatever the call is for.
  func user(_ claims: CallerClaims, _ call: ServerCall) async throws -> AuthV1.User {
    guard let id = claims.user, let tenant = claims.tenant else { throw ServiceError.forbidden }
    guard let user = try await repository.user(id, tenant: tenant, deadline: call.workDeadline) else {
      throw ServiceError.sessionEnded
    }
    return user.message
  }

  func end(_ claims: CallerClaims, _ call: ServerCall) async throws {
    guard let id = claims.user, let tenant = claims.tenant, let session = claims.session else {
      throw ServiceError.forbidden
    }
    try await repository.endSession(session, of: id, tenant: tenant, context(call))
    call.tell([.session(session.description)])
  }

  func refresh(_ text: String, _ call: ServerCall) async throws -> AuthV1.RefreshResponse {
    guard !text.isEmpty else { throw ServiceError.validation("A refresh token is required", field: "refreshToken") }
    guard let token = RefreshToken(text) else { throw ServiceError.sessionEnded }
    let context = context(call)
    let next = try token.successor(issuer.tokens)
    let renewal = try await repository.renew(
      token, with: next, expiresAt: context.time.advanced(by: issuer.lifetimes.refresh),
      grace: issuer.lifetimes.refreshGrace, context)
    switch renewal {
    case .renewed(let user, let session):
      return AuthV1.RefreshResponse(
        user: user.message, accessToken: issuer.accessToken(for: user, session: session, at: context.time),
        sessionID: session.description, expiresIn: issuer.accessSeconds, refreshToken: next.text,
        refreshExpiresIn: issuer.refreshSeconds)
    case .refused, .reused: throw ServiceError.sessionEnded
    case .suspended: throw ServiceError.accountSuspended
    }
  }

  /// Tells the edge how a session stands for a request.
  func check(_ request: AuthV1.CheckSessionRequest, _ call: ServerCall) async throws -> AuthV1.CheckSessionResponse {
    var response = AuthV1.CheckSessionResponse(
      state: .ended, rememberFor: issuer.lifetimes.sessionMemory.message)
    guard let id = UUID(request.sessionID), let user = UUID(request.userID) else { return response }
    guard let session = try await repository.session(id, deadline: call.workDeadline), session.user == user,
      !session.hasEnded, session.expiresAt > clock.now
    else { return response }
    response.tenantID = session.tenant.description
    response.role = session.role?.message ?? .unspecified
    response.email = session.email
    response.expiresAt = session.expiresAt.timestamp
    guard session.isActive else {
      response.state = .suspended
      return response
    }
    let mayAct = try await mayAct(in: request.tenantID, session, id, call)
    response.state = mayAct ? .active : .tenantDenied
    return response
  }

  /// A user acts in its own tenant; a super admin in any that exists.
  private func mayAct(
    in text: String, _ session: SessionRow, _ id: UUID, _ call: ServerCall
  ) async throws(DatabaseError) -> Bool {
    if text.isEmpty { return true }
    guard let tenant = TenantID(text) else { return false }
    if tenant == session.tenant { return true }
    guard session.role == .superAdmin, try await repository.tenantExists(tenant, deadline: call.workDeadline) else {
      return false
    }
    guard !crossings.wasTold(session: id, tenant: tenant) else { return true }
    // Told first, remembered after: without its line in the audit trail nobody acts elsewhere.
    try await repository.record(
      .actedInOtherTenant, tenant: session.tenant, user: session.user, session: id, actedIn: tenant, context(call))
    crossings.remember(session: id, tenant: tenant)
    return true
  }
}
