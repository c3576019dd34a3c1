public import RPC
public import Reactor
public import Schema

/// Lets a call pass only when the schema says that its caller may make it. A method without a policy may be called by nobody.
public struct ClaimsInterceptor: ServerInterceptor {
  /// The metadata with the serialized `SignedClaims`.
  public static let claimsKey: MetadataKey = "cloudbill-claims-bin"
  /// The metadata with the tenant that the call is for.
  public static let tenantKey: MetadataKey = "x-tenant-id"

  private enum Requirement: Sendable {
    case open, session, service
    case permission(Permission)
    /// The schema names no permission that can be granted.
    case nobody
  }

  private let verifier: ClaimsVerifier
  private let requirements: [String: Requirement]
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
    requirements = policies.mapValues { policy in
      switch policy.access {
      case .open: .open
      case .session: .session
      case .service: .service
      case .permission(let text): Permission(text).map(Requirement.permission) ?? .nobody
      }
    }
  }

  public static let infrastructure: Set<String> = [
    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
  ]

  public func begin(_ call: ServerCall) throws(RPCError) {
    guard let requirement = requirements[call.descriptor.path] else {
      guard openServices.contains(call.descriptor.service) else { throw .service(.forbidden) }
      return
    }
    if case .open = requirement { return }
    let claims = try verifiedClaims(call)
    switch requirement {
    case .open: break
    case .nobody: throw .service(.forbidden)
    case .service:
      guard case .service = claims.subject else { throw .service(.forbidden) }
    case .session:
      guard claims.user != nil else { throw .service(.forbidden) }
      try checkTenant(call, claims)
    case .permission(let permission):
      guard let role = claims.role else { throw .service(.forbidden) }
      try checkTenant(call, claims)
      guard role.grants(permission) else { throw .service(.forbidden) }
    }
    call[ClaimsStorage.self] = claims
  }

  private func verifiedClaims(_ call: ServerCall) throws(RPCError) -> CallerClaims {
    let result: Result<CallerClaims, ClaimsError>? = call.metadata.withWireValue(of: Self.claimsKey) { value in
      do throws(ClaimsError) {
        return .success(try verifier.verify(wireValue: value) { call.metadata.bytes(Self.claimsKey) })
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
    guard let text = call.metadata[Self.tenantKey], text != claims.tenantText else { return }
    guard let named = TenantID(text) else { throw .service(.tenantDenied) }
    guard named != claims.tenant else { return }
    guard claims.role == .superAdmin else { throw .service(.tenantDenied) }
    call[OtherTenantStorage.self] = named
  }
}

private enum ClaimsStorage: CallStorageKey { typealias Value = CallerClaims }
private enum OtherTenantStorage: CallStorageKey { typealias Value = TenantID }

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
      if let other = self[OtherTenantStorage.self] { return other }
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
    min(deadline, Deadline(start.advanced(by: .seconds(30))))
  }
}
