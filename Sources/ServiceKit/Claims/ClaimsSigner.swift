public import Postgres
internal import Protobuf
public import Schema

/// Vouches for claims with a process's own key. The edge signs once a token and keeps the result; a service signs for its own calls.
public struct ClaimsSigner: Sendable {
  /// Seconds for which a service's own claims are good.
  static let serviceLifetime: Duration = .seconds(300)

  public let issuer: String
  private let key: Ed25519PrivateKey
  private let keyID: String

  /// - Parameter issuer: the name that receivers know the key by, such as `edge`.
  public init(issuer: String, key: Ed25519PrivateKey) throws(CryptographyError) {
    self.issuer = issuer
    self.key = key
    keyID = try key.publicKey.id
  }

  /// The value of `cloudbill-claims-bin` for these claims; their `issuer` is set to ours.
  public func sign(_ claims: IdentityV1.Claims) throws(CryptographyError) -> [UInt8] {
    var claims = claims
    claims.issuer = issuer
    do {
      let bytes = try claims.serialized()
      return try IdentityV1.SignedClaims(claims: bytes, keyID: keyID, signature: key.sign(bytes)).serialized()
    } catch {
      throw .signing
    }
  }

  /// Claims for a call that this process makes for itself. Good for five minutes: keep them for less.
  /// - Parameters:
  ///   - tenant: whose rows the call may see; none by default.
  ///   - user: whose wish is passed on; none when the process acts by itself.
  public func signForService(
    now: WallTime, tenant: TenantID? = nil, onBehalfOf user: UUID? = nil
  ) throws(CryptographyError) -> [UInt8] {
    try sign(
      IdentityV1.Claims(
        subject: CallerClaims.servicePrefix + issuer, tenantID: tenant?.description ?? "",
        expiresAt: now.advanced(by: Self.serviceLifetime).timestamp, onBehalfOf: user?.description ?? ""))
  }
}
