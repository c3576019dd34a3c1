import Foundation
import Postgres
import ServiceKit
import TestSupport

/// A database with auth's tables, two tenants and their users, and a role of its own that is a member of `auth_app`.
final class AuthDatabase: Sendable {
  static let acme = "00000000-0000-0000-0000-000000000001"
  static let globex = "00000000-0000-0000-0000-000000000002"
  static let password = "Corr3ct-Horse"

  let name: String
  /// As the service logs in.
  let conninfo: String
  private let superuser: String

  init() async throws {
    name = "auth_" + UUID.random().description.filter { $0 != "-" }
    superuser = TestEnvironment.postgres + " dbname=\(name)"
    conninfo = TestEnvironment.postgres + " dbname=\(name) user=\(name) password=secret"
    try Self.psql(
      TestEnvironment.postgres,
      """
      BEGIN;
      SELECT pg_advisory_xact_lock(20201);
      DO $$
      DECLARE role text;
      BEGIN
        FOREACH role IN ARRAY ARRAY['cb_owner', 'cb_lookup', 'auth_app', 'billing_app'] LOOP
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', role); END IF;
        END LOOP;
      END $$;
      GRANT cb_lookup TO cb_owner;
      CREATE ROLE \(name) LOGIN PASSWORD 'secret' IN ROLE auth_app;
      COMMIT;
      """)
    try Self.psql(TestEnvironment.postgres, "CREATE DATABASE \(name) OWNER cb_owner")
    _ = try await Migrator(conninfo: superuser + " options='-c role=cb_owner'").migrate(Migrations.all)
    try sql(
      """
      INSERT INTO auth.tenants (id, name, email) VALUES
        ('\(Self.acme)', 'Acme', 'office@acme.test'), ('\(Self.globex)', 'Globex', 'office@globex.test');
      """)
  }

  deinit {
    // Left behind at worst: the cluster is thrown away after the run.
    _ = try? Self.psql(TestEnvironment.postgres, "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    _ = try? Self.psql(TestEnvironment.postgres, "DROP ROLE IF EXISTS \(name)")
  }

  /// Adds a user and answers its id.
  @discardableResult
  func addUser(
    _ email: String, role: String = "ADMIN", status: String = "ACTIVE", tenant: String = AuthDatabase.acme,
    passwordHash: String
  ) throws -> String {
    let id = UUID.random().description
    try sql(
      """
      INSERT INTO auth.users (tenant_id, id, email, password_hash, first_name, last_name, role, status, email_verified)
      VALUES ('\(tenant)', '\(id)', '\(email)', '\(passwordHash)', 'Ada', 'Lovelace', '\(role)', '\(status)', true)
      """)
    return id
  }

  /// Runs SQL as the superuser, beside what is tested, and gives what psql prints.
  @discardableResult
  func sql(_ text: String) throws -> String { try Self.psql(superuser, text) }

  /// Runs a statement in a transaction that stays open until it is released.
  func hold(_ statement: String) throws -> Blocker {
    let blocker = try Blocker(superuser, statement)
    return blocker
  }

  /// Whether somebody waits for a lock.
  func isAnybodyWaiting() throws -> Bool {
    try sql("SELECT count(*) FROM pg_stat_activity WHERE datname = '\(name)' AND wait_event_type = 'Lock'") != "0"
  }

  /// A psql that keeps a transaction open.
  final class Blocker {
    private let process: ChildProcess
    private let input = Pipe()
    private let output = Pipe()

    init(_ conninfo: String, _ statement: String) throws {
      process = try ChildProcess(
        "psql", ["-X", "-q", "-A", "-t", "-d", conninfo], input: input.fileHandleForReading,
        output: output.fileHandleForWriting)
      try input.fileHandleForWriting.write(contentsOf: Data("BEGIN;\n\(statement);\n\\echo held\n".utf8))
      var text = ""
      while !text.contains("held"), let data = try output.fileHandleForReading.read(upToCount: 1) {
        text += String(decoding: data, as: UTF8.self)
      }
    }

    func release() {
      try? input.fileHandleForWriting.close()
      process.wait()
    }
  }

  /// Takes the service's connections away and lets no new one in.
  func cutConnections() throws {
    try Self.psql(
      TestEnvironment.postgres,
      """
      ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS false;
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)';
      """)
  }

  func allowConnections() throws {
    try Self.psql(TestEnvironment.postgres, "ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS true")
  }

  @discardableResult
  private static func psql(_ conninfo: String, _ text: String) throws -> String {
    let result = try runProcess(
      "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", "-"], input: Array(text.utf8))
    guard result.status == 0 else { throw PsqlFailure(text: result.errorText) }
    return result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  struct PsqlFailure: Error {
    let text: String
  }
}
