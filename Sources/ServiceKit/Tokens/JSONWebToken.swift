/// Signs and verifies access tokens: JWS compact form, HS256 and nothing else (RFC 7515, 7518, 7519, 8725).
public struct JSONWebToken: Sendable {
  /// Seconds by which the clocks of edge and auth may differ.
  public static let clockTolerance: Int64 = 30
  /// Bytes of the longest token looked at.
  public static let longest = 4096

  private let issuer: String
  private let audience: String
  private let signingKey: TokenKey
  private let keys: [TokenKey]
  private let header: [UInt8]

  /// - Parameters:
  ///   - signing: the key of new tokens.
  ///   - alsoAccepting: keys that were used before and still count, so that a key can be replaced.
  public init(issuer: String, audience: String, signing: TokenKey, alsoAccepting: [TokenKey] = []) {
    self.issuer = issuer
    self.audience = audience
    signingKey = signing
    keys = [signing] + alsoAccepting
    var text: [UInt8] = []
    text.appendJSON([("alg", "HS256"), ("typ", "JWT"), ("kid", signing.id)], [])
    header = Base64URL.encode(text)
  }

  /// A token with these claims.
  public func sign(_ claims: TokenClaims) -> [UInt8] {
    var payload: [UInt8] = []
    payload.appendJSON(
      [
        ("iss", issuer), ("aud", audience), ("sub", claims.subject), ("email", claims.email),
        ("tenantId", claims.tenantID), ("role", claims.role), ("sid", claims.sessionID), ("jti", claims.tokenID),
      ], [("iat", claims.issuedAt), ("exp", claims.expiresAt)])
    let content = header + [0x2E] + Base64URL.encode(payload)
    let code = HMACSHA256.code(for: content[...], key: signingKey.secret) ?? []
    return content + [0x2E] + Base64URL.encode(code)
  }

  /// 32 bytes that only who has the signing key can work out from `bytes`, and that are the same each time.
  /// - Parameter purpose: keeps what is worked out for one thing from being of use for another, and for tokens.
  public func derive(_ purpose: String, from bytes: [UInt8]) throws(CryptographyError) -> [UInt8] {
    // No content of a token begins with a zero.
    let message = [0] + Array(purpose.utf8) + [0] + bytes
    guard let code = HMACSHA256.code(for: message[...], key: signingKey.secret) else { throw .signing }
    return code
  }

  /// The claims of a token that one of our keys signed, for us, and that counts at `now` (seconds since 1970).
  public func verify(_ token: ArraySlice<UInt8>, now: Int64) throws(TokenError) -> TokenClaims {
    guard token.count <= Self.longest else { throw .malformed }
    let parts = token.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 3, let code = Base64URL.decode(parts[2]) else { throw .malformed }
    let key = try key(for: parts[0])
    // The signature comes before the payload is looked at: only what we wrote is parsed.
    guard
      let expected = HMACSHA256.code(for: token[parts[0].startIndex..<parts[1].endIndex], key: key.secret),
      HMACSHA256.matches(expected, code)
    else { throw .wrongSignature }
    guard let payload = Base64URL.decode(parts[1]).flatMap(FlatJSON.init) else { throw .malformed }
    return try claims(in: payload, now: now)
  }

  /// Pins the algorithm, whatever the token would like (RFC 8725 section 3.1).
  private func key(for part: ArraySlice<UInt8>) throws(TokenError) -> TokenKey {
    // Tokens of our newest key have one header; comparing it saves reading it.
    if part.elementsEqual(header) { return signingKey }
    guard let fields = Base64URL.decode(part).flatMap(FlatJSON.init) else { throw .malformed }
    guard fields.string("alg") == "HS256", fields.members["crit"] == nil else { throw .notOurs }
    if let type = fields.members["typ"], type != .string("JWT") { throw .notOurs }
    guard fields.members["kid"] != nil else { return signingKey }
    guard let key = keys.first(where: { fields.string("kid") == $0.id }) else { throw .notOurs }
    return key
  }

  private func claims(in payload: FlatJSON, now: Int64) throws(TokenError) -> TokenClaims {
    guard payload.string("iss") == issuer, payload.string("aud") == audience else { throw .wrongIssuerOrAudience }
    guard
      let subject = payload.string("sub"), !subject.isEmpty, let tenant = payload.string("tenantId"),
      let role = payload.string("role"), let session = payload.string("sid"), !session.isEmpty,
      let issuedAt = payload.integer("iat"), let expiresAt = payload.integer("exp")
    else { throw .malformed }
    guard expiresAt > now else { throw .expired }
    guard issuedAt <= now + Self.clockTolerance, payload.integer("nbf") ?? issuedAt <= now + Self.clockTolerance else {
      throw .notYetValid
    }
    return TokenClaims(
      subject: subject, email: payload.string("email") ?? "", tenantID: tenant, role: role, sessionID: session,
      tokenID: payload.string("jti") ?? "", issuedAt: issuedAt, expiresAt: expiresAt)
  }
}

extension [UInt8] {
  /// Appends a JSON object of strings and integers, in the order given.
  fileprivate mutating func appendJSON(_ strings: [(String, String)], _ integers: [(String, Int64)]) {
    append(0x7B)
    for (name, value) in strings {
      if count > 1 { append(0x2C) }
      appendJSON(name)
      append(0x3A)
      appendJSON(value)
    }
    for (name, value) in integers {
      if count > 1 { append(0x2C) }
      appendJSON(name)
      append(0x3A)
      append(contentsOf: String(value).utf8)
    }
    append(0x7D)
  }

  private mutating func appendJSON(_ text: String) {
    let digits = Array<UInt8>("0123456789abcdef".utf8)
    append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C:
        append(0x5C)
        append(byte)
      case 0..<0x20:
        append(contentsOf: "\\u00".utf8)
        append(digits[Int(byte >> 4)])
        append(digits[Int(byte & 15)])
      default: append(byte)
      }
    }
    append(0x22)
  }
}
