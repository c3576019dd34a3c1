public import Schema

/// What a user may do, in the spelling of tokens and tables (`system-design.md` section 6.2).
public enum Role: String, Sendable, Hashable, CaseIterable {
  /// May do everything, in every tenant.
  case superAdmin = "SUPER_ADMIN"
  /// Manages one tenant.
  case admin = "ADMIN"
  /// Manages one tenant's billing.
  case billingAdmin = "BILLING_ADMIN"
  /// A customer of the tenant: sees and pays what is its own.
  case user = "USER"
  /// Reads one tenant's billing.
  case viewer = "VIEWER"

  /// `nil` for a role that this build does not know: it grants nothing.
  public init?(_ value: IdentityV1.Role) {
    switch value {
    case .superAdmin: self = .superAdmin
    case .admin: self = .admin
    case .billingAdmin: self = .billingAdmin
    case .user: self = .user
    case .viewer: self = .viewer
    case .unspecified, .unrecognized: return nil
    }
  }

  /// The same role in messages.
  public var message: IdentityV1.Role {
    switch self {
    case .superAdmin: .superAdmin
    case .admin: .admin
    case .billingAdmin: .billingAdmin
    case .user: .user
    case .viewer: .viewer
    }
  }
}
