internal import RPC
internal import Reactor
internal import ServiceKit

/// Who makes a request, as a verified token and a session that was just asked about say. Kept by the token's bytes.
final class Caller {
  let subject: String
  let tenant: String
  let role: Role
  /// From this second on the token is worth nothing, whatever the session.
  let tokenExpiry: Int64
  /// Until then the session's state is believed.
  let believedUntil: Instant
  /// The claims, signed, and the caller's own tenant: what every call on its behalf carries.
  let metadata: Metadata

  init(
    subject: String, tenant: String, role: Role, tokenExpiry: Int64, believedUntil: Instant, metadata: Metadata
  ) {
    self.subject = subject
    self.tenant = tenant
    self.role = role
    self.tokenExpiry = tokenExpiry
    self.believedUntil = believedUntil
    self.metadata = metadata
  }
}

/// Reads who makes a request from `Authorization`.
enum BearerToken {
  /// The token of `Authorization: Bearer …`; nil when there is none or it is something else.
  static func find(in value: ArraySlice<UInt8>?) -> ArraySlice<UInt8>? {
    guard let value, value.count > 7 else { return nil }
    let scheme = "bearer ".utf8
    guard zip(value, scheme).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) else { return nil }
    let token = value.dropFirst(scheme.count).drop { $0 == ASCII.space }
    return token.isEmpty || token.contains(ASCII.space) ? nil : token
  }
}
