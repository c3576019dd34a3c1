internal import Protobuf
internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// Finds out who makes a request: verifies the token, asks the auth service how the session stands for the tenant that the request
/// names, signs the claims; and remembers all of it for a few seconds. One a loop.
final class Authenticator {
  private let tokens: JSONWebToken
  private let signer: ClaimsSigner
  private let auth: AuthV1.AuthClient
  private let loop: EventLoop
  private let memory: Duration
  private let patience: Duration
  /// Tokens whose signature has been verified.
  private var verified: ByteKeyedCache<VerifiedToken>
  private var sessions: SessionMemory<Caller>
  private var ownClaims: (value: [UInt8], until: Int64)?

  /// For how long signed claims are good, in seconds: long enough to be worth caching by the services, short enough to matter little
  /// when a key is lost.
  private static let claimsLifetime: Int64 = 600
  /// How often a session is asked about when it changes while it is asked about.
  private static let mostChecks = 3

  init(
    tokens: JSONWebToken, signer: ClaimsSigner, auth: Channel, loop: EventLoop, limits: EdgeLimits
  ) {
    self.tokens = tokens
    self.signer = signer
    self.auth = AuthV1.AuthClient(auth)
    self.loop = loop
    memory = limits.sessionMemory
    patience = limits.sessionCheckTimeout
    verified = ByteKeyedCache(capacity: limits.sessionsPerLoop)
    sessions = SessionMemory(capacity: limits.sessionsPerLoop)
  }

  /// Who makes a request, in the tenant that it is for. The token decides that; a header must name the same one, and only a super admin
  /// may name another (`contract.md` decision 4, holes 24, 64 and 66).
  /// - Parameters:
  ///   - authorization: the header that holds the token.
  ///   - named: the header that names the tenant.
  ///   - mustName: whether a request without that header is refused.
  ///   - now: seconds since 1970.
  /// - Throws: the 401, 403 or 503 to answer with.
  func caller(
    _ authorization: ArraySlice<UInt8>?, tenant named: ArraySlice<UInt8>?, mustName: Bool, now: Int64,
    requestID: [UInt8]
  ) async throws(ErrorAnswer) -> Caller {
    let token = try verify(authorization, now: now)
    let own = try await caller(token, in: token.owner.tenant, now: now, requestID: requestID)
    guard let named else {
      guard !mustName else { throw .tenantMissing }
      return own
    }
    if named.elementsEqual(own.tenant.utf8) { return own }
    guard let tenant = TenantID(String(decoding: named, as: UTF8.self))?.description else { throw .tenantDenied }
    if tenant == own.tenant { return own }
    guard own.role == .superAdmin else { throw .tenantDenied }
    return try await caller(token, in: tenant, now: now, requestID: requestID)
  }

  /// Forgets what a change is about, so that it is asked about again.
  func forget(_ changes: [SessionChange]) {
    for change in changes { sessions.forget(change) }
  }

  // MARK: - The token

  private func verify(_ authorization: ArraySlice<UInt8>?, now: Int64) throws(ErrorAnswer) -> VerifiedToken {
    guard let token = BearerToken.find(in: authorization) else { throw .unauthorized }
    if let known = verified.value(for: token) {
      guard known.expiresAt > now else {
        verified.remove(token)
        throw .expiredToken
      }
      return known
    }
    let claims: TokenClaims
    do throws(TokenError) {
      claims = try tokens.verify(token, now: now)
    } catch {
      throw error == .expired ? .expiredToken : .invalidToken
    }
    let known = VerifiedToken(claims)
    verified.insert(known, for: token)
    return known
  }

  // MARK: - The session

  private func caller(
    _ token: VerifiedToken, in tenant: String, now: Int64, requestID: [UInt8]
  ) async throws(ErrorAnswer) -> Caller {
    if let known = sessions.value(session: token.sessionKey, tenant: tenant, now: loop.now) { return known }
    for _ in 0..<Self.mostChecks {
      let check = sessions.beginCheck(token.owner, tenant: tenant)
      let outcome: Result<(value: Caller, until: Instant), ErrorAnswer>
      do throws(ErrorAnswer) {
        outcome = .success(try await ask(token, tenant, now: now, requestID: requestID))
      } catch {
        outcome = .failure(error)
      }
      if sessions.finish(check, try? outcome.get()) { return try outcome.get().value }
    }
    throw .unavailable
  }

  private func ask(
    _ token: VerifiedToken, _ tenant: String, now: Int64, requestID: [UInt8]
  ) async throws(ErrorAnswer) -> (value: Caller, until: Instant) {
    var options = CallOptions(deadline: .after(patience))
    options.metadata.append(ascii: requestID, for: ForwardedFields.requestID)
    options.metadata.append(try serviceClaims(now: now), for: ClaimsInterceptor.claimsKey)
    let asked = loop.now
    let session: AuthV1.CheckSessionResponse
    do throws(RPCError) {
      session = try await auth.checkSession(
        AuthV1.CheckSessionRequest(sessionID: token.owner.session, userID: token.owner.user, tenantID: tenant),
        options: options)
    } catch {
      throw ErrorAnswer(error)
    }
    switch session.state {
    case .active: break
    case .suspended: throw .accountSuspended
    case .tenantDenied: throw .tenantDenied
    case .ended, .unspecified, .unrecognized: throw .sessionEnded
    }
    guard let role = Role(session.role) else { throw .forbidden }
    let caller = Caller(
      subject: token.owner.user, tenant: tenant, role: role, metadata: try metadata(token, session, tenant, now: now))
    return (caller, asked.advanced(by: min(memory, session.rememberFor?.duration ?? memory)))
  }

  // MARK: - The claims

  private func metadata(
    _ token: VerifiedToken, _ session: AuthV1.CheckSessionResponse, _ tenant: String, now: Int64
  ) throws(ErrorAnswer) -> Metadata {
    let expiry = min(token.expiresAt, Self.roundedExpiry(now: now))
    let signed = IdentityV1.Claims(
      subject: token.owner.user, tenantID: session.tenantID, role: session.role, sessionID: token.owner.session,
      expiresAt: Timestamp(seconds: expiry), email: session.email)
    var metadata = Metadata()
    do {
      metadata.append(try signer.sign(signed), for: ClaimsInterceptor.claimsKey)
    } catch {
      throw .internalError
    }
    metadata.append(tenant, for: ClaimsInterceptor.tenantKey)
    return metadata
  }

  /// The same for a while, so that claims signed anew every few seconds are the same bytes and stay known to the services and to HPACK:
  /// Ed25519 signs the same text the same way.
  private static func roundedExpiry(now: Int64) -> Int64 {
    (now / claimsLifetime + 2) * claimsLifetime
  }

  /// The edge's own claims, with which it asks about sessions.
  private func serviceClaims(now: Int64) throws(ErrorAnswer) -> [UInt8] {
    if let ownClaims, ownClaims.until > now { return ownClaims.value }
    do {
      let value = try signer.signForService(now: ServiceKit.WallTime(seconds: now))
      ownClaims = (value, now + 120)
      return value
    } catch {
      throw .internalError
    }
  }
}

/// A token whose signature has been verified: what it says, whatever has become of the session since.
private final class VerifiedToken {
  let owner: SessionMemory<Caller>.Owner
  /// The bytes of the session's id.
  let sessionKey: ArraySlice<UInt8>
  /// From this second on the token is worth nothing.
  let expiresAt: Int64

  init(_ claims: TokenClaims) {
    owner = .init(session: claims.sessionID, user: claims.subject, tenant: claims.tenantID)
    sessionKey = Array(claims.sessionID.utf8)[...]
    expiresAt = claims.expiresAt
  }
}
