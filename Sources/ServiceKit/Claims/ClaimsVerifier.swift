internal import Postgres
internal import Protobuf
internal import Schema
internal import Synchronization

/// A public key whose owner's claims count here.
public struct ClaimsKey: Sendable {
  /// Whom the owner of a key may speak for.
  public enum Scope: Sendable, Hashable {
    /// For itself only, in whichever tenant it names.
    case itself
    /// For itself and for users: the edge, which has checked their tokens.
    case users
  }

  public let issuer: String
  public let key: Ed25519PublicKey
  public let scope: Scope

  public init(issuer: String, key: Ed25519PublicKey, scope: Scope) {
    self.issuer = issuer
    self.key = key
    self.scope = scope
  }
}

/// Why claims do not count. The caller is told none of it but that they have expired.
public enum ClaimsError: Error, Sendable, Hashable {
  /// Not base64, not the message, or a field that cannot be.
  case malformed
  /// Signed by nobody we know, or by somebody who may not speak for the subject.
  case notTrusted
  case wrongSignature
  case expired
}

/// Verifies signed claims; a value is verified once and remembered by its bytes until it expires.
public final class ClaimsVerifier: Sendable {
  private let keys: [String: ClaimsKey]
  private let clock: WallClock
  private let remembered: Mutex<ClaimsMemory>

  /// - Parameter capacity: values remembered at most; each takes less than a kilobyte.
  public init(keys: [ClaimsKey], clock: WallClock = .system, capacity: Int = 8192) {
    self.keys = Dictionary(keys.map { ($0.key.id, $0) }, uniquingKeysWith: { first, _ in first })
    self.clock = clock
    remembered = Mutex(ClaimsMemory(capacity: capacity))
  }

  /// The claims in a metadata value as it was on the wire (base 64).
  /// - Parameter decode: gives the bytes of the value; called only for a value that is not remembered.
  public func verify(wireValue: RawSpan, decode: () -> [UInt8]?) throws(ClaimsError) -> CallerClaims {
    let now = clock.now
    if let known = remembered.withLock({ $0.find(wireValue) }) {
      guard known.expiresAt > now else { throw .expired }
      return known
    }
    guard let bytes = decode() else { throw .malformed }
    let claims = try verify(bytes)
    guard claims.expiresAt > now else { throw .expired }
    remembered.withLock { $0.insert(claims, for: wireValue) }
    return claims
  }

  /// How many values are remembered now.
  var rememberedCount: Int { remembered.withLock { $0.count } }

  private func verify(_ bytes: [UInt8]) throws(ClaimsError) -> CallerClaims {
    guard let signed = try? IdentityV1.SignedClaims(serialized: bytes) else { throw .malformed }
    guard let known = keys[signed.keyID] else { throw .notTrusted }
    // The signature comes before the claims are looked at: only what one of us wrote is parsed.
    guard known.key.isValid(signature: signed.signature, of: signed.claims) else { throw .wrongSignature }
    guard let claims = try? IdentityV1.Claims(serialized: signed.claims), let expiresAt = claims.expiresAt else {
      throw .malformed
    }
    guard claims.issuer == known.issuer else { throw .notTrusted }
    let expiry = WallTime(seconds: expiresAt.seconds)
    if claims.subject.hasPrefix(CallerClaims.servicePrefix) {
      let name = String(claims.subject.dropFirst(CallerClaims.servicePrefix.count))
      guard name == known.issuer else { throw .notTrusted }
      let tenant = TenantID(claims.tenantID)
      let user = UUID(claims.onBehalfOf)
      // What it says of tenant and user counts or is refused: half of it is never left out.
      guard claims.tenantID.isEmpty == (tenant == nil), claims.onBehalfOf.isEmpty == (user == nil),
        user == nil || tenant != nil
      else { throw .malformed }
      return CallerClaims(
        subject: .service(name), subjectText: claims.subject, onBehalfOf: user, tenant: tenant,
        tenantText: tenant?.description ?? "", role: nil, session: nil, email: "", issuer: claims.issuer,
        expiresAt: expiry)
    }
    guard known.scope == .users else { throw .notTrusted }
    guard let user = UUID(claims.subject), let tenant = TenantID(claims.tenantID), let role = Role(claims.role),
      let session = UUID(claims.sessionID)
    else { throw .malformed }
    return CallerClaims(
      subject: .user(user), subjectText: user.description, tenant: tenant, tenantText: tenant.description, role: role,
      session: session, email: claims.email, issuer: claims.issuer, expiresAt: expiry)
  }
}
