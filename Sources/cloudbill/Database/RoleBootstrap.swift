import Glibc

/// Makes the roles and the database, as their administrator. What is there already is left alone but for the passwords.
///
/// `cb_owner` owns every table and nobody logs in as it; `cb_lookup` owns the few functions that look behind the tenant
/// context; the services' roles own nothing and cannot step around row-level security.
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
        input: script, environment: password.map { ["PGPASSWORD": $0] } ?? [:])
    } catch let failure as CommandFailure {
      guard !address.isPrivate else { throw failure }
      throw CommandFailure(
        "cannot prepare the database at \(address.description)",
        advice: failure.advice + ["\(DatabaseAddress.variable) must name a user who may create roles and databases"])
    }
  }

  /// The passwords are hexadecimal, so that quoting cannot go wrong.
  private func text() throws -> String {
    var lines = ["set client_min_messages = warning;"]
    func make(_ role: String, _ attributes: String) {
      lines.append(
        "select 'create role \(role) \(attributes)' where not exists (select from pg_roles where rolname = '\(role)') \\gexec"
      )
    }
    make("cb_owner", "nologin")
    make("cb_lookup", "nologin")
    for role in [DatabaseRole.migrator, .auth, .billing] {
      make(role.rawValue, "login nosuperuser nobypassrls nocreatedb nocreaterole")
      lines.append("alter role \(role.rawValue) password '\(try directory.password(of: role))';")
    }
    lines.append("grant cb_owner to cb_migrator;")
    lines.append("grant cb_lookup to cb_owner;")
    let name = address.database
    let quoted = name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    let literal = name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    lines.append(
      """
      select format('create database %I owner cb_owner template template0 encoding %L', '\(literal)', 'UTF8')
        where not exists (select from pg_database where datname = '\(literal)') \\gexec
      """)
    lines.append("revoke all on database \"\(quoted)\" from public;")
    lines.append("grant connect on database \"\(quoted)\" to cb_migrator, auth_app, billing_app;")
    lines.append("grant create on database \"\(quoted)\" to cb_owner;")
    return lines.joined(separator: "\n") + "\n"
  }
}
