import Glibc

/// The PostgreSQL roles that somebody logs in as.
enum DatabaseRole: String, CaseIterable, Sendable {
  /// Makes the other roles and the database; nothing else.
  case superuser = "postgres"
  /// Changes tables, as a member of `cb_owner`.
  case migrator = "cb_migrator"
  case auth = "auth_app"
  case billing = "billing_app"
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
