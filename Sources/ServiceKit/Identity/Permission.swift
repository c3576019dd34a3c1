/// What a method asks of a caller's role, such as `subscriptions:read`.
public struct Permission: Sendable, Hashable, CustomStringConvertible {
  /// What is acted on: `subscriptions`.
  public let subject: String
  /// What is done to it: `read`; `*` in a grant stands for everything.
  public let action: String

  /// `nil` unless it is two words with a colon between them.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    subject = String(parts[0])
    action = String(parts[1])
  }

  public var description: String { "\(subject):\(action)" }
}

extension Role {
  /// Whether the role grants the permission. What no line of the table grants is denied.
  public func grants(_ permission: Permission) -> Bool {
    guard self != .superAdmin else { return true }
    return grants.contains { line in
      line.subject == permission.subject && (line.action == permission.action || line.action == "*")
    }
  }

  /// What the role may do, as the table has it; `SUPER_ADMIN` needs no lines.
  var grants: [Permission] { Self.table[self] ?? [] }

  /// `system-design.md` section 6.2, completed by `contract.md` holes 67 and 68, and `plans:*` for who manages billing.
  private static let table: [Role: [Permission]] = [
    .admin: lines(
      "tenants:read", "users:*", "plans:*", "subscriptions:*", "invoices:*", "payments:*", "payment-methods:*",
      "refunds:*", "dashboard:read", "profile:*"),
    .billingAdmin: lines(
      "plans:*", "subscriptions:*", "invoices:*", "payments:*", "payment-methods:*", "refunds:*", "dashboard:read",
      "profile:*"),
    .user: lines(
      "profile:*", "plans:read", "invoices:read", "payments:read", "payments:create", "payment-methods:*",
      "dashboard:read"),
    .viewer: lines("dashboard:read", "profile:*", "plans:read", "invoices:read", "subscriptions:read"),
  ]

  private static func lines(_ texts: String...) -> [Permission] { texts.compactMap(Permission.init) }
}
