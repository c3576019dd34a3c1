public import Postgres
public import Reactor
public import ServiceKit

/// The first tenant of an installation and its SUPER_ADMIN: who makes all others. Made once.
public struct FirstAdministrator: Sendable {
  public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is a SUPER_ADMIN already.
    case exists
    case email
    case password(String)
    case organization

    public var description: String {
      switch self {
      case .exists: "this installation has a SUPER_ADMIN already; nothing was changed"
      case .email: "this is not an email address"
      case .password(let rule): "the password \(rule)"
      case .organization: "the organization's name has 1 to 255 characters"
      }
    }
  }

  /// Characters of the shortest password.
  static let shortestPassword = 12

  private let email: String
  private let organization: String
  private let hash: String

  /// Blocks for the time that hashing takes.
  /// - Parameter cost: bcrypt's.
  /// - Throws: `Failure`, when something cannot be used.
  public init(
    email: String, password: String, organization: String, cost: Int = AuthConfiguration().passwordCost
  ) throws {
    guard (3...SignIn.longestAddress).contains(email.utf8.count), email.utf8.contains(0x40) else {
      throw Failure.email
    }
    guard (1...255).contains(organization.unicodeScalars.count) else { throw Failure.organization }
    guard password.unicodeScalars.count >= Self.shortestPassword else {
      throw Failure.password("has fewer than \(Self.shortestPassword) characters")
    }
    guard password.utf8.count <= Bcrypt.longestPassword else {
      throw Failure.password("has more than \(Bcrypt.longestPassword) bytes")
    }
    guard password != DemoPassword.text else { throw Failure.password("is the one of the demo data") }
    self.email = email
    self.organization = organization
    hash = try Bcrypt.hash(password, salt: SecureRandom.bytes(16), cost: cost)
  }

  /// Two at once are one after the other, and the second is refused.
  /// - Parameter database: of a role that may act as the owner.
  /// - Returns: the tenant.
  /// - Throws: `Failure.exists`, `DatabaseError`.
  public func make(_ database: Database, now: WallTime, deadline: Deadline) async throws -> TenantID {
    let tenant = TenantID(.random())
    try await database.tenant(tenant.uuid, deadline: deadline) { transaction in
      let rows = try await transaction.query([
        Statement("SELECT pg_advisory_xact_lock(hashtextextended('first administrator', 0))"),
        // Of the users of every tenant this role sees what signing in needs.
        Statement("SET LOCAL ROLE cb_lookup"),
        AuthStatements.hasSuperAdmin(),
      ])
      guard try !AuthStatements.Comparison(rows[2].one()).isSame else { throw Failure.exists }
      _ = try await transaction.query([
        Statement("SET LOCAL ROLE cb_owner"),
        AuthStatements.insertTenant(
          NewTenant(id: tenant, name: organization, email: email, createdAt: now, updatedAt: now)),
        AuthStatements.insertUser(
          NewUser(
            tenant: tenant, id: .random(), email: email, passwordHash: hash, role: .superAdmin, createdAt: now,
            updatedAt: now)),
      ])
    }
    return tenant
  }
}
