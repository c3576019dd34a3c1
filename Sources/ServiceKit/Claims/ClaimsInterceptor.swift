public import RPC
public import Reactor
public import Schema

/// Lets a call pass only when the schema says that its caller may make it. A method without a policy may be called by nobody.
public struct ClaimsInterceptor: ServerInterceptor {
  /// The metadata with the serialized `SignedClaims`.
  public static let claimsKey: MetadataKey = "cloudbill-claims-bin"
  /// The metadata with the tenant that the call is for.
  public static let tenantKey: MetadataKey = "x-tenant-id"

  private let verifier: ClaimsVerifier
  private let policies: [String: MethodPolicy]
  private let openServices: Set<String>

  /// - Parameters:
  ///   - policies: who may call which path, as generated from the schema.
  ///   - openServices: full names of services without a policy that anyone may call: health and reflection, which show nothing of a
  ///     tenant.
  public init(
    verifier: ClaimsVerifier, policies: [String: MethodPolicy] = MethodPolicies.all,
    openServices: Set<String> = Self.infrastructure
  ) {
    self.verifier = verifier
    self.openServices = openServices
    self.policies = policies
  }

  public static let infrastructure: Set<String> = [
    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
  ]

  public func resolved(for method: MethodDescriptor) -> any ServerInterceptor {
    MethodClaims(
      verifier: verifier, requirement: requirement(of: method), services: policies[method.path]?.services ?? [])
  }

  /// For who asks without `resolved`: the same, looked up anew.
  public func begin(_ call: ServerCall) throws(RPCError) {
    try resolved(for: call.descriptor).begin(call)
  }

  private func requirement(of method: MethodDescriptor) -> MethodClaims.Requirement {
    guard let policy = policies[method.path] else { return openServices.contains(method.service) ? .open : .nobody }
    switch policy.access {
    case .open: return .open
    case .session: return .session
    case .service: return .nobody
    case .permission(let text): return Permission(text).map(MethodClaims.Requirement.permission) ?? .nobody
    }
  }
}

/// Who may call one method. An object, so that a call holds it without copying what it knows.
private final class MethodClaims: ServerInterceptor {
  enum Requirement: Sendable {
    case open, session
    case permission(Permission)
    /// No user: the method is for services, or has no policy, or one with a permission that nobody can have.
    case nobody
  }

  private let verifier: ClaimsVerifier
  private let requirement: Requirement
  private let services: Set<String>

  init(verifier: ClaimsVerifier, requirement: Requirement, services: Set<String>) {
    self.verifier = verifier
    self.requirement = requirement
    self.services = services
  }

  func begin(_ call: ServerCall) throws(RPCError) {
    if case .open = requirement { return }
    if case .nobody = requirement, services.isEmpty { throw .service(.forbidden) }
    let claims = try verifiedClaims(call)
    switch claims.subject {
    case .service(let name):
      guard services.contains(name) else { throw .service(.forbidden) }
      try checkTenant(call, claims)
    case .user:
      try checkUser(call, claims)
    }
    call[ClaimsStorage.self] = claims
  }

  private func checkUser(_ call: ServerCall, _ claims: CallerClaims) throws(RPCError) {
    switch requirement {
    case .open: break
    case .nobody: throw .service(.forbidden)
    case .session: try checkTenant(call, claims)
    case .permission(let permission):
      guard let role = claims.role else { throw .service(.forbidden) }
      try checkTenant(call, claims)
      guard role.grants(permission) else { throw .service(.forbidden) }
    }
  }

  private func verifiedClaims(_ call: ServerCall) throws(RPCError) -> CallerClaims {
    let result: Result<CallerClaims, ClaimsError>? = call.metadata.withWireValue(of: claimsKey) { value in
      do throws(ClaimsError) {
        return .success(try verifier.verify(wireValue: value) { call.metadata.bytes(claimsKey) })
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let claims): return claims
    case .failure(.expired): throw .service(.expired)
    case .failure, nil: throw .service(.unauthorized)
    }
  }

  /// The claims decide the tenant. Metadata may repeat it; only a super admin may name another one.
  private func checkTenant(_ call: ServerCall, _ claims: CallerClaims) throws(RPCError) {
    // Nearly always it is spelt as we spell it, and no text need be made of it.
    let isOwn = call.metadata.withWireValue(of: tenantKey) { $0.isSame(as: claims.tenantText) }
    guard isOwn == false, let text = call.metadata[tenantKey] else { return }
    guard let named = TenantID(text) else { throw .service(.tenantDenied) }
    guard named != claims.tenant else { return }
    guard claims.role == .superAdmin else { throw .service(.tenantDenied) }
    call[OtherTenantStorage.self] = OtherTenant(named)
  }
}

private let claimsKey = ClaimsInterceptor.claimsKey
private let tenantKey = ClaimsInterceptor.tenantKey

extension RawSpan {
  fileprivate func isSame(as text: String) -> Bool {
    withUnsafeBytes { bytes in
      text.utf8.withContiguousStorageIfAvailable { bytes.elementsEqual($0) } ?? bytes.elementsEqual(text.utf8)
    }
  }
}

private enum ClaimsStorage: CallStorageKey { typealias Value = CallerClaims }
private enum OtherTenantStorage: CallStorageKey { typealias Value = OtherTenant }

private final class OtherTenant: Sendable {
  let id: TenantID

  init(_ id: TenantID) { self.id = id }
}

extension ServerCall {
  /// On whose behalf the call is made; `nil` for a method that anyone may call.
  public var optionalClaims: CallerClaims? { self[ClaimsStorage.self] }

  /// On whose behalf the call is made.
  /// - Throws: `UNAUTHENTICATED` in a method that anyone may call.
  public var claims: CallerClaims {
    get throws(RPCError) {
      guard let claims = optionalClaims else { throw .service(.unauthorized) }
      return claims
    }
  }

  /// Whose rows the call may see: the caller's tenant, or the one that a super admin named.
  /// - Throws: `UNAUTHENTICATED` without claims, `PERMISSION_DENIED` for a service's own call, which is of no tenant.
  public var tenant: TenantID {
    get throws(RPCError) {
      if let other = self[OtherTenantStorage.self] { return other.id }
      guard let tenant = try claims.tenant else { throw .service(.tenantDenied) }
      return tenant
    }
  }

  /// Whether a super admin acts in a tenant that is not its own, which the audit trail must tell.
  public var actsInOtherTenant: Bool { self[OtherTenantStorage.self] != nil }

  /// The request's id, the same in every process it passes; empty when the caller gave none.
  public var requestID: String { metadata["x-request-id"] ?? "" }

  /// When work for the call must end: the caller's deadline, and 30 seconds for who gave none.
  public var workDeadline: Deadline {
    min(deadline, Deadline(Instant(nanoseconds: start.nanoseconds + 30_000_000_000)))
  }
}
