internal import Protobuf
internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// Finds out who makes a request: verifies the token, asks the auth service about the session, signs the claims; and remembers all of
/// it for a few seconds. One a loop.
final class Authenticator {
  private let tokens: JSONWebToken
  private let signer: ClaimsSigner
  private let auth: AuthV1.AuthClient
  private let loop: EventLoop
  private let memory: Duration
  private let patience: Duration
  private var callers: ByteKeyedCache<Caller>
  private var ownClaims: (value: [UInt8], until: Int64)?

  /// For how long signed claims are good, in seconds: long enough to be worth caching by the services, short enough to matter little
  /// when a key is lost.
  private static let claimsLifetime: Int64 = 600

  init(
    tokens: JSONWebToken, signer: ClaimsSigner, auth: Channel, loop: EventLoop, limits: EdgeLimits
  ) {
    self.tokens = tokens
    self.signer = signer
    self.auth = AuthV1.AuthClient(auth)
    self.loop = loop
    memory = limits.sessionMemory
    patience = limits.sessionCheckTimeout
    callers = ByteKeyedCache(capacity: limits.sessionsPerLoop)
  }

  /// - Parameter now: seconds since 1970.
  /// - Throws: the 401, 403 or 503 to answer with.
  func caller(
    _ authorization: ArraySlice<UInt8>?, now: Int64, requestID: [UInt8]
  ) async throws(ErrorAnswer) -> Caller {
    guard let token = BearerToken.find(in: authorization) else { throw .unauthorized }
    if let known = callers.value(for: token) {
      guard known.tokenExpiry > now else {
        callers.remove(token)
        throw .expiredToken
      }
      if known.believedUntil > loop.now { return known }
    }
    let claims: TokenClaims
    do throws(TokenError) {
      claims = try tokens.verify(token, now: now)
    } catch {
      throw error == .expired ? .expiredToken : .invalidToken
    }
    let caller = try await check(claims, now: now, requestID: requestID)
    callers.insert(caller, for: token)
    return caller
  }

  /// Believes nothing of a token any longer: its bearer has signed out.
  func forget(_ token: [UInt8]) {
    callers.remove(token[...])
  }

  private func check(_ claims: TokenClaims, now: Int64, requestID: [UInt8]) async throws(ErrorAnswer) -> Caller {
    var options = CallOptions(deadline: .after(patience))
    options.metadata.append(String(decoding: requestID, as: UTF8.self), for: "x-request-id")
    options.metadata.append(try serviceClaims(now: now), for: ClaimsInterceptor.claimsKey)
    let asked = loop.now
    let session: AuthV1.CheckSessionResponse
    do throws(RPCError) {
      session = try await auth.checkSession(
        AuthV1.CheckSessionRequest(
          sessionID: claims.sessionID, userID: claims.subject, tenantID: claims.tenantID), options: options)
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
    return Caller(
      subject: claims.subject, tenant: session.tenantID, role: role, tokenExpiry: claims.expiresAt,
      believedUntil: asked.advanced(by: min(memory, session.rememberFor?.duration ?? memory)),
      metadata: try metadata(claims, session, now: now))
  }

  private func metadata(
    _ claims: TokenClaims, _ session: AuthV1.CheckSessionResponse, now: Int64
  ) throws(ErrorAnswer) -> Metadata {
    let expiry = min(claims.expiresAt, Self.roundedExpiry(now: now))
    let signed = IdentityV1.Claims(
      subject: claims.subject, tenantID: session.tenantID, role: session.role, sessionID: claims.sessionID,
      expiresAt: Timestamp(seconds: expiry), email: session.email)
    var metadata = Metadata()
    do {
      metadata.append(try signer.sign(signed), for: ClaimsInterceptor.claimsKey)
    } catch {
      throw .internalError
    }
    metadata.append(session.tenantID, for: ClaimsInterceptor.tenantKey)
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
