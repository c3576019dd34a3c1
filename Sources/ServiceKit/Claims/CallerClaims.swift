public import Postgres

/// On whose behalf a call is made, as a verified signature says. Never changed after it was made, so that the calls of one token
/// share it.
public final class CallerClaims: Sendable {
  public enum Subject: Sendable, Hashable {
    /// A user who signed in, by id.
    case user(UUID)
    /// A process of ours that calls for itself, by name.
    case service(String)
  }

  public let subject: Subject
  /// The subject as audit trail and log spell it.
  public let subjectText: String
  /// The user for whom a service passes something on; `nil` when it acts by itself.
  public let onBehalfOf: UUID?
  /// The user's own tenant, or the one that a service acts for; `nil` only for a service that acts for none.
  public let tenant: TenantID?
  public let tenantText: String
  /// `nil` only for a service.
  public let role: Role?
  /// The session the user signed in with; `nil` only for a service.
  public let session: UUID?
  public let email: String
  /// Who vouches for the claims.
  public let issuer: String
  /// From when on the claims are worth nothing.
  public let expiresAt: WallTime

  /// - Parameter expiresAt: given for the claims as a whole, not per call.
  init(
    subject: Subject, subjectText: String, onBehalfOf: UUID? = nil, tenant: TenantID?, tenantText: String, role: Role?,
    session: UUID?,
    email: String, issuer: String, expiresAt: WallTime
  ) {
    self.subject = subject
    self.subjectText = subjectText
    self.onBehalfOf = onBehalfOf
    self.tenant = tenant
    self.tenantText = tenantText
    self.role = role
    self.session = session
    self.email = email
    self.issuer = issuer
    self.expiresAt = expiresAt
  }

  /// Stands before the name of a service that is a subject.
  static let servicePrefix = "service:"

  /// The user's id; `nil` for a service.
  public var user: UUID? {
    if case .user(let id) = subject { id } else { nil }
  }
}
