import Glibc
import ServiceKit

/// Makes the roles and the database, as their administrator. What is there already is left alone but for the passwords.
///
/// Rights belong to roles that nobody logs in as (`DatabaseRoles`). The login roles are this installation's own: they carry the name of
/// its database, own nothing and cannot step around row-level security. The administrator needs `CREATEROLE` and `CREATEDB`, no more.
struct RoleBootstrap {
  let address: DatabaseAddress
  let directory: DataDirectory

  func run(_ progress: Progress, psql: String) throws {
    let script = directory.path + "/secrets/roles.sql"
    try Files.write(try text(), to: script, mode: 0o600)
    defer { unlink(script) }
    let (conninfo, password) = try address.administration(database: "postgres")
    let log = directory.log("roles")
    do {
      try progress.run(
        psql, ["--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname=\(conninfo)"], log: log,
        input: script,
        environment: Environment.administrator.merging(password.map { ["PGPASSWORD": $0] } ?? [:]) { _, new in new })
    } catch let failure as CommandFailure {
      guard !address.isPrivate else { throw failure }
      throw CommandFailure(
        "cannot prepare the database at \(address.description)",
        advice: failure.advice + ["\(DatabaseAddress.variable) must name a user who may create roles and databases"])
    }
  }

  /// Bytes of a name in PostgreSQL; a longer one would be cut.
  private static let longestName = 63

  /// Names are quoted as SQL identifiers and literals; the passwords are hexadecimal.
  private func text() throws -> String {
    let database = address.database
    var lines = ["set client_min_messages = warning;", DatabaseRoles.creation(catalogue.services)]
    // Whoever makes a database for another role must be a member of it. A superuser is by nature.
    lines.append(
      """
      select format('grant %I to %I', '\(DatabaseRoles.owner)', current_user)
        where not pg_has_role(current_user, '\(DatabaseRoles.owner)', 'member') \\gexec
      """)
    for login in DatabaseLogin.made {
      let role = login.role(in: database)
      guard role.utf8.count <= Self.longestName, let group = login.group else {
        throw CommandFailure("the database's name is too long: \(database) would need the role \(role)")
      }
      let (name, literal) = (Self.identifier(role), Self.literal(role))
      lines.append(
        """
        select format('create role %I login nosuperuser nobypassrls nocreatedb nocreaterole', \(literal))
          where not exists (select from pg_roles where rolname = \(literal)) \\gexec
        alter role \(name) login password '\(try directory.password(of: login))';
        select format('grant %I to %I', '\(group)', \(literal))
          where not pg_has_role(\(literal), '\(group)', 'member') \\gexec
        """)
    }
    let (name, literal) = (Self.identifier(database), Self.literal(database))
    lines.append(
      """
      select format('create database %I owner \(DatabaseRoles.owner) template template0 encoding %L', \(literal), 'UTF8')
        where not exists (select from pg_database where datname = \(literal)) \\gexec
      revoke all on database \(name) from public;
      """)
    let logins = DatabaseLogin.made.map { Self.identifier($0.role(in: database)) }.joined(separator: ", ")
    lines.append("grant connect on database \(name) to \(logins);")
    lines.append("grant create on database \(name) to \(DatabaseRoles.owner);")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func identifier(_ name: String) -> String { quoted(name, "\"") }
  private static func literal(_ text: String) -> String { quoted(text, "'") }

  private static func quoted(_ text: String, _ mark: Character) -> String {
    let doubled = text.split(separator: mark, omittingEmptySubsequences: false).joined(separator: "\(mark)\(mark)")
    return "\(mark)\(doubled)\(mark)"
  }
}
