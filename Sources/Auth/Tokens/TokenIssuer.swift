internal import Postgres
internal import ServiceKit

/// Makes access tokens.
struct TokenIssuer: Sendable {
  let tokens: JSONWebToken
  let lifetimes: TokenLifetimes

  var accessSeconds: Int32 { Int32(clamping: lifetimes.access.components.seconds) }
  var refreshSeconds: Int32 { Int32(clamping: lifetimes.refresh.components.seconds) }

  func accessToken(for user: UserRow, session: UUID, at time: WallTime) -> String {
    let claims = TokenClaims(
      subject: user.id.description, email: user.email, tenantID: user.tenant.description, role: user.role.rawValue,
      sessionID: session.description, tokenID: UUID.random().description, issuedAt: time.seconds,
      expiresAt: time.seconds + Int64(accessSeconds))
    return String(decoding: tokens.sign(claims), as: UTF8.self)
  }
}
