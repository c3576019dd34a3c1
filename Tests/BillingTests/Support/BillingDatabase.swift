import Foundation
import Postgres
import ServiceKit
import TestSupport

/// A database with every migration applied, and the roles that services log in as.
final class BillingDatabase: Sendable {
  let name: String
  /// As the service logs in: a role of its own that is a member of `billing_app`.
  let conninfo: String
  /// As migrations run: a role of its own that is a member of `cb_owner`.
  let ownerConninfo: String
  private let superuser: String

  init() throws {
    name = "billing_" + UUID.random().description.filter { $0 != "-" }
    let base = TestEnvironment.postgres + " dbname=\(name)"
    superuser = base
    conninfo = base + " user=\(name) password=secret"
    ownerConninfo = base + " user=\(name)_owner password=secret"
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
      CREATE ROLE \(name) LOGIN PASSWORD 'secret' IN ROLE billing_app;
      CREATE ROLE \(name)_owner LOGIN PASSWORD 'secret' IN ROLE cb_owner;
      COMMIT;
      """)
    try Self.psql(TestEnvironment.postgres, "CREATE DATABASE \(name) OWNER cb_owner")
    for migration in Migrations.all { try sql("BEGIN; SET ROLE cb_owner;\n\(migration.sql)\nCOMMIT;") }
  }

  deinit {
    // Left behind at worst: the cluster is thrown away after the run.
    _ = try? Self.psql(TestEnvironment.postgres, "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    _ = try? Self.psql(TestEnvironment.postgres, "DROP ROLE IF EXISTS \(name), \(name)_owner")
  }

  /// Runs SQL as the superuser, beside what is tested, and gives what psql prints.
  @discardableResult
  func sql(_ text: String) throws -> String { try Self.psql(superuser, text) }

  /// Runs SQL logged in as the service.
  @discardableResult
  func sqlAsService(_ text: String) throws -> String { try Self.psql(conninfo, text) }

  /// Lines that psql prints.
  func lines(_ text: String) throws -> [String] {
    try sql(text).split(separator: "\n").map(String.init)
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
