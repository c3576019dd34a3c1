import Glibc
import ServiceKit

/// Whom an installation logs in to its database as. The login roles carry the database's name, so that several installations can share a
/// PostgreSQL server; their rights come from the roles that they are members of.
enum DatabaseLogin: Sendable, Hashable {
  /// The superuser of the private cluster: makes the roles and the database; nothing else.
  case superuser
  /// Changes tables, as a member of `cb_owner`.
  case migrator
  case service(String)

  /// Those that `RoleBootstrap` makes.
  static let made = [migrator] + catalogue.services.map { DatabaseLogin.service($0.name) }
  static let all = [superuser] + made

  /// What it is called in the data directory, and after the database's name.
  var name: String {
    switch self {
    case .superuser: "postgres"
    case .migrator: "migrator"
    case .service(let name): name
    }
  }

  /// The PostgreSQL role.
  func role(in database: String) -> String { self == .superuser ? name : "\(database)_\(name)" }

  /// The role whose rights it has; none for the superuser.
  var group: String? {
    switch self {
    case .superuser: nil
    case .migrator: DatabaseRoles.owner
    case .service(let name): catalogue[name]?.databaseRole
    }
  }
}

/// The system user PostgreSQL runs as when we are root, which it refuses to be.
struct DatabaseUser: Sendable {
  static let name = "postgres"
  var name: String { Self.name }
  let userID: uid_t
  let groupID: gid_t

  /// Nil when we are not root: then PostgreSQL runs as who we are.
  static func ifNeeded() throws -> DatabaseUser? {
    guard geteuid() == 0 else { return nil }
    guard let entry = getpwnam(name) else {
      throw CommandFailure(
        "PostgreSQL does not run as root, and there is no system user \(name) to run it as",
        advice: ["apt-get install postgresql makes it; or run cloudbill as an ordinary user"])
    }
    return DatabaseUser(userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid)
  }
}
