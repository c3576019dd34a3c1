internal import Postgres
internal import ServiceKit

/// What a session is prolonged with: the tenant and 256 bits that nobody can guess, for the caller to keep. Only its digest is stored.
///
/// The tenant in it is trusted by nobody: it tells whose rows to search, and there the digest of the whole must be found.
struct RefreshToken {
  private static let secretByteCount = 32

  let tenant: TenantID
  private let bytes: [UInt8]

  /// A new token.
  init(tenant: TenantID) throws(CryptographyError) {
    self.tenant = tenant
    bytes = tenant.uuid.bytes + (try SecureRandom.bytes(Self.secretByteCount))
  }

  /// The one that takes this one's place: the same however often it is asked for, so that a lost reply can be given again.
  func successor(_ tokens: JSONWebToken) throws(CryptographyError) -> RefreshToken {
    RefreshToken(tenant: tenant, secret: try tokens.derive("refresh token", from: bytes))
  }

  private init(tenant: TenantID, secret: [UInt8]) {
    self.tenant = tenant
    bytes = tenant.uuid.bytes + secret
  }

  /// `nil` for what we never gave.
  init?(_ text: String) {
    let characters = Array(text.utf8)
    guard characters.count == 64, let bytes = Base64URL.decode(characters[...]), bytes.count == 48,
      let tenant = UUID(bytes: bytes.prefix(16))
    else { return nil }
    self.tenant = TenantID(tenant)
    self.bytes = bytes
  }

  var text: String { String(decoding: Base64URL.encode(bytes), as: UTF8.self) }

  var digest: [UInt8] { SHA256Digest.of(bytes) }
}
