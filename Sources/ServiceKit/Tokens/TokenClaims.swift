/// What an access token says of its bearer (`system-design.md` section 5.3, and `sid`, `jti`, `iss`, `aud`).
public struct TokenClaims: Sendable, Hashable {
  /// The user's id.
  public var subject: String
  public var email: String
  public var tenantID: String
  /// The documented spelling, such as `BILLING_ADMIN`.
  public var role: String
  public var sessionID: String
  public var tokenID: String
  /// Seconds since 1970.
  public var issuedAt: Int64
  /// Seconds since 1970; from this second on the token is worth nothing.
  public var expiresAt: Int64

  public init(
    subject: String, email: String, tenantID: String, role: String, sessionID: String, tokenID: String,
    issuedAt: Int64, expiresAt: Int64
  ) {
    self.subject = subject
    self.email = email
    self.tenantID = tenantID
    self.role = role
    self.sessionID = sessionID
    self.tokenID = tokenID
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }
}

/// Why a token is not accepted. None of it is told to the caller but that it has expired.
public enum TokenError: Error, Sendable, Hashable {
  /// Not three parts of strict base64url, or not the JSON that is expected in them.
  case malformed
  /// Another algorithm than HS256, a critical extension, or a key nobody here knows.
  case notOurs
  case wrongSignature
  /// The signature is right, but the token was made by or for somebody else.
  case wrongIssuerOrAudience
  case expired
  /// Issued in the future: a clock is wrong.
  case notYetValid
}

/// A secret that tokens are signed with, and the name it has in a token's `kid`.
public struct TokenKey: Sendable, Hashable {
  /// Bytes of the shortest secret that gives HS256 its strength (RFC 7518 section 3.2).
  public static let leastBytes = 32

  public let id: String
  let secret: [UInt8]

  /// `nil` for a secret shorter than 256 bits.
  public init?(id: String, secret: [UInt8]) {
    guard secret.count >= Self.leastBytes else { return nil }
    self.id = id
    self.secret = secret
  }
}

extension TokenKey: CustomStringConvertible, CustomReflectable {
  /// Without the secret, so that it cannot end up in a log.
  public var description: String { "TokenKey(\(id))" }
  public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
