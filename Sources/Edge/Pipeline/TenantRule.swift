internal import RPC
internal import Schema
internal import ServiceKit

/// The token decides the tenant; the header must name the same one (`contract.md` decision 4, holes 24, 64 and 66).
enum TenantRule {
  /// The tenant the request is for. Adds the caller's claims and the tenant to `metadata`.
  /// - Throws: 403 when the header is missing where it is required, or names a tenant the caller has no access to.
  static func tenant(
    _ named: ArraySlice<UInt8>?, _ caller: Caller, _ route: RestRoute, _ metadata: inout Metadata
  ) throws(ErrorAnswer) -> String {
    guard let named else {
      guard !route.tenantHeaderRequired else { throw .tenantMissing }
      metadata = caller.metadata
      return caller.tenant
    }
    if named.elementsEqual(caller.tenant.utf8) {
      metadata = caller.metadata
      return caller.tenant
    }
    guard let other = TenantID(String(decoding: named, as: UTF8.self)) else { throw .tenantDenied }
    if other.description == caller.tenant {
      metadata = caller.metadata
      return caller.tenant
    }
    guard caller.role == .superAdmin else { throw .tenantDenied }
    metadata.appendWireValue(of: ClaimsInterceptor.claimsKey, from: caller.metadata)
    metadata.append(other.description, for: ClaimsInterceptor.tenantKey)
    return other.description
  }
}
