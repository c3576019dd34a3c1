internal import RPC
internal import ServiceKit

/// Who makes a request, and in which tenant, as a verified token and a session that was just asked about say.
final class Caller {
  let subject: String
  /// The tenant that is acted in: the caller's own, or another one that a super admin has named.
  let tenant: String
  let role: Role
  /// The claims, signed, and the tenant: what every call on the caller's behalf carries.
  let metadata: Metadata

  init(subject: String, tenant: String, role: Role, metadata: Metadata) {
    self.subject = subject
    self.tenant = tenant
    self.role = role
    self.metadata = metadata
  }
}

/// Reads who makes a request from `Authorization`.
enum BearerToken {
  /// The token of `Authorization: Bearer …`; nil when there is none or it is something else.
  static func find(in value: ArraySlice<UInt8>?) -> ArraySlice<UInt8>? {
    guard let value, value.count > 7 else { return nil }
    let scheme = "bearer ".utf8
    guard zip(value, scheme).allSatisfy({ ASCII.lowercased($0) == $1 }) else { return nil }
    let token = value.dropFirst(scheme.count).drop { $0 == ASCII.space }
    return token.isEmpty || token.contains(ASCII.space) ? nil : token
  }
}
