public import Postgres
public import RPC
public import Reactor

/// Who does something, for which tenant, asked by which request, until when, at what time, under which key. Made from a call by its
/// handler, or by a worker for work that nobody called for; what is behind it needs neither.
public struct Principal: Sendable {
  /// Whose rows are seen and written.
  public let tenant: TenantID
  /// Who acts, as the audit trail spells it: a user's id, or `service:NAME`.
  public let subject: String
  /// The user whose wish a service passes on; empty when it acts by itself.
  public let onBehalfOf: String
  /// Whether a super admin acts in a tenant that is not its own.
  public let crossesTenants: Bool
  /// The id of the request that asked for it; empty when nobody gave one.
  public let requestID: String
  /// When work for it must end.
  public let deadline: Deadline
  /// The moment it counts for.
  public let now: WallTime
  /// Makes it once however often it is asked for; see `OncePerKey`.
  public let key: String?

  /// Bytes of a request's id that are kept: the caller chose it.
  static let longestRequestID = 64

  /// Who makes a call.
  /// - Throws: `UNAUTHENTICATED` without claims, `PERMISSION_DENIED` for a service that names no tenant.
  public init(_ call: ServerCall, clock: WallClock) throws(RPCError) {
    let claims = try call.claims
    tenant = try call.tenant
    subject = claims.subjectText
    onBehalfOf = claims.onBehalfOf?.description ?? ""
    crossesTenants = call.actsInOtherTenant
    requestID = call.requestID.bounded(toByteCount: Self.longestRequestID)
    deadline = call.workDeadline
    now = clock.now
    key = call.metadata[.idempotencyKey]
  }

  /// A service that works by itself, or passes a user's wish on.
  /// - Parameters:
  ///   - service: its name: `billing`.
  ///   - key: what makes the work the same work when it is tried again.
  public init(
    service: String, tenant: TenantID, onBehalfOf: UUID? = nil, requestID: String = "", deadline: Deadline,
    now: WallTime, key: String? = nil
  ) {
    self.tenant = tenant
    subject = CallerClaims.servicePrefix + service
    self.onBehalfOf = onBehalfOf?.description ?? ""
    crossesTenants = false
    self.requestID = requestID.bounded(toByteCount: Self.longestRequestID)
    self.deadline = deadline
    self.now = now
    self.key = key
  }

  /// A user who is not known by a call's claims: somebody who signs in, or whom a refresh token names.
  public init(user: UUID, tenant: TenantID, requestID: String, deadline: Deadline, now: WallTime) {
    self.tenant = tenant
    subject = user.description
    onBehalfOf = ""
    crossesTenants = false
    self.requestID = requestID.bounded(toByteCount: Self.longestRequestID)
    self.deadline = deadline
    self.now = now
    key = nil
  }

  /// Whose keys are told apart from each other: two users of a tenant may choose the same.
  var keyOwner: String { onBehalfOf.isEmpty ? subject : "\(subject) for \(onBehalfOf)" }
}
