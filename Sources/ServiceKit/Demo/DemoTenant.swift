public import Postgres

/// One tenant of the demo data and who belongs to it.
public struct DemoTenant: Sendable {
  public let id: UUID
  public let name: String
  public let domain: String
  public let users: [User]

  public struct User: Sendable {
    public let id: UUID
    public let address: String
    public let firstName: String
    public let lastName: String
    public let role: Role

    /// - Parameter number: the last digits of the id.
    init(number: Int, address: String, firstName: String, lastName: String, role: Role) {
      id = DemoID.make("0000000a", number)
      self.address = address
      self.firstName = firstName
      self.lastName = lastName
      self.role = role
    }
  }

  public static let acme = DemoTenant(
    id: DemoData.acme, name: "Acme", domain: "acme.test",
    users: [
      User(number: 1, address: "admin@acme.test", firstName: "Ada", lastName: "Admin", role: .admin),
      User(number: 2, address: "billing@acme.test", firstName: "Bill", lastName: "Ing", role: .billingAdmin),
      User(number: 3, address: "user@acme.test", firstName: "Uma", lastName: "User", role: .user),
      User(number: 4, address: "viewer@acme.test", firstName: "Vic", lastName: "Viewer", role: .viewer),
    ])

  public static let globex = DemoTenant(
    id: DemoData.globex, name: "Globex", domain: "globex.test",
    users: [User(number: 21, address: "admin@globex.test", firstName: "Gina", lastName: "Globe", role: .admin)])

  /// Where the operators of the platform are at home.
  public static let platform = DemoTenant(
    id: DemoData.platform, name: "CloudBill", domain: "cloudbill.test",
    users: [
      User(number: 31, address: "root@cloudbill.test", firstName: "Root", lastName: "Operator", role: .superAdmin)
    ])
}

/// Ids that say what they are of, and are the same each time.
public enum DemoID {
  /// - Parameters:
  ///   - prefix: eight hexadecimal digits.
  ///   - number: the id's last digits.
  public static func make(_ prefix: String, _ number: Int) -> UUID {
    let digits = String(number)
    let text = "\(prefix)-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    return UUID(text) ?? .random()
  }
}
