import Schema
import ServiceKit
import Testing

@Suite("Who may do what")
struct PermissionTests {
  /// `system-design.md` 6.2 with `contract.md` holes 67 and 68, written out once more by hand: every permission that matters here, and
  /// the roles that have it. A super admin has all.
  static let table: [(String, Set<Role>)] = [
    ("tenants:read", [.admin]),
    ("tenants:update", []),
    ("users:read", [.admin]),
    ("users:create", [.admin]),
    ("users:delete", [.admin]),
    ("plans:read", [.admin, .billingAdmin, .user, .viewer]),
    ("plans:create", [.admin, .billingAdmin]),
    ("plans:update", [.admin, .billingAdmin]),
    ("subscriptions:read", [.admin, .billingAdmin, .viewer]),
    ("subscriptions:create", [.admin, .billingAdmin]),
    ("subscriptions:update", [.admin, .billingAdmin]),
    ("subscriptions:cancel", [.admin, .billingAdmin]),
    ("invoices:read", [.admin, .billingAdmin, .user, .viewer]),
    ("invoices:create", [.admin, .billingAdmin]),
    ("payments:read", [.admin, .billingAdmin, .user]),
    ("payments:create", [.admin, .billingAdmin, .user]),
    ("payments:refund", [.admin, .billingAdmin]),
    ("payment-methods:create", [.admin, .billingAdmin, .user]),
    ("refunds:create", [.admin, .billingAdmin]),
    ("dashboard:read", [.admin, .billingAdmin, .user, .viewer]),
    ("profile:read", [.admin, .billingAdmin, .user, .viewer]),
    ("profile:update", [.admin, .billingAdmin, .user, .viewer]),
    ("unheard:of", []),
  ]

  @Test("each role is granted exactly its lines of the table", arguments: table)
  func grants(_ text: String, _ roles: Set<Role>) throws {
    let permission = try #require(Permission(text))
    for role in Role.allCases {
      #expect(role.grants(permission) == (role == .superAdmin || roles.contains(role)), "\(role) \(text)")
    }
  }

  @Test("a word is granted as a whole: no prefix, no other subject, no wildcard from the asking side")
  func noPrefixes() throws {
    for text in ["plan:read", "plans:rea", "plans:reads", "plans:*", "*:read", "*:*"] {
      #expect(try !Role.viewer.grants(#require(Permission(text))), "\(text)")
    }
  }

  @Test(
    "what is not two words with a colon is no permission",
    arguments: ["", ":", "plans", "plans:", ":read", "plans:read:all"])
  func malformed(_ text: String) {
    #expect(Permission(text) == nil)
  }

  @Test("a role from a message is known by name, and an unknown one is none")
  func messages() {
    for role in Role.allCases { #expect(Role(role.message) == role) }
    #expect(Role(IdentityV1.Role.unspecified) == nil)
    #expect(Role(IdentityV1.Role.unrecognized(99)) == nil)
  }

  @Test("every permission that the schema asks for can be granted to somebody")
  func schema() throws {
    for (path, policy) in MethodPolicies.all {
      guard case .permission(let text) = policy.access else { continue }
      let permission = try #require(Permission(text), "\(path) asks for \(text)")
      #expect(Role.admin.grants(permission), "\(path) asks for \(text)")
    }
  }
}
