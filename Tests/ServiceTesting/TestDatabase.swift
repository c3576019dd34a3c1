import Foundation
import Postgres
public import ServiceKit
import TestSupport

/// A database of its own with every migration of a catalogue applied, and a login role for each service. Copied from a template that is
/// made once a run, so that a test has it in a moment.
public final class TestDatabase: Sendable {
  public let name: String
  private let catalogue: ServiceCatalogue
  /// As a superuser, beside what is tested.
  private let superuser: String

  /// - Parameter demo: whether it has the demo data.
  public init(_ catalogue: ServiceCatalogue, demo: Bool = false) async throws {
    self.catalogue = catalogue
    let template = try await Self.templates.name(catalogue, demo: demo)
    name = "test_" + UUID.random().description.filter { $0 != "-" }
    superuser = TestEnvironment.postgres + " dbname=\(name)"
    let logins = catalogue.services.map {
      "CREATE ROLE \(name)_\($0.name) LOGIN PASSWORD 'secret' IN ROLE \($0.databaseRole);"
    }
    try Self.psql(
      TestEnvironment.postgres,
      """
      CREATE DATABASE \(name) OWNER \(DatabaseRoles.owner) TEMPLATE \(template);
      \(logins.joined(separator: "\n"))
      CREATE ROLE \(name)_owner LOGIN PASSWORD 'secret' IN ROLE \(DatabaseRoles.owner);
      """)
  }

  deinit {
    // Left behind at worst: the cluster is thrown away after the run.
    _ = try? Self.psql(TestEnvironment.postgres, "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    let roles = (catalogue.services.map(\.name) + ["owner"]).map { "\(name)_\($0)" }.joined(separator: ", ")
    _ = try? Self.psql(TestEnvironment.postgres, "DROP ROLE IF EXISTS \(roles)")
  }

  /// The role that a service logs in as: a member of the role with its rights.
  public func login(_ service: String) -> String { "\(name)_\(service)" }

  /// What a service connects with.
  public func conninfo(_ service: String) -> String {
    TestEnvironment.postgres + " dbname=\(name) user=\(login(service)) password=secret"
  }

  /// What migrations connect with.
  public var ownerConninfo: String { conninfo("owner") }

  /// Runs SQL as a superuser and gives what psql prints.
  @discardableResult
  public func sql(_ text: String) throws -> String { try Self.psql(superuser, text) }

  /// Runs SQL logged in as a service.
  @discardableResult
  public func sql(as service: String, _ text: String) throws -> String { try Self.psql(conninfo(service), text) }

  /// Lines that psql prints.
  public func lines(_ text: String) throws -> [String] {
    try sql(text).split(separator: "\n").map(String.init)
  }

  /// Takes the services' connections away and lets no new one in.
  public func cutConnections() throws {
    try Self.psql(
      TestEnvironment.postgres,
      """
      ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS false;
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)';
      """)
  }

  public func allowConnections() throws {
    try Self.psql(TestEnvironment.postgres, "ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS true")
  }

  /// Whether somebody waits for a lock.
  public func isAnybodyWaiting() throws -> Bool {
    try sql("SELECT count(*) FROM pg_stat_activity WHERE datname = '\(name)' AND wait_event_type = 'Lock'") != "0"
  }

  /// Runs a statement in a transaction that stays open until it is released.
  public func hold(_ statement: String) throws -> Blocker { try Blocker(superuser, statement) }

  /// A psql that keeps a transaction open.
  public final class Blocker {
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

    /// - Parameter committing: whether what the statement did stays.
    public func release(committing: Bool = false) {
      if committing { try? input.fileHandleForWriting.write(contentsOf: Data("COMMIT;\n".utf8)) }
      try? input.fileHandleForWriting.close()
      process.wait()
    }
  }

  public struct PsqlFailure: Error {
    public let text: String
  }

  @discardableResult
  private static func psql(_ conninfo: String, _ text: String) throws -> String {
    let result = try runProcess(
      "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", "-"], input: Array(text.utf8))
    guard result.status == 0 else { throw PsqlFailure(text: result.errorText) }
    return result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  // MARK: - Templates

  private static let templates = Templates()

  /// The templates of this run, by what is in them.
  private actor Templates {
    private var made: [String: Task<String, any Error>] = [:]

    func name(_ catalogue: ServiceCatalogue, demo: Bool) async throws -> String {
      let key = (catalogue.migrations.map(\.sql) + ["\(demo)"]).joined(separator: "\0")
      if let template = made[key] { return try await template.value }
      let template = Task { try await make(catalogue, demo: demo) }
      made[key] = template
      return try await template.value
    }

    private func make(_ catalogue: ServiceCatalogue, demo: Bool) async throws -> String {
      let name = "template_" + UUID.random().description.filter { $0 != "-" }
      try psql(TestEnvironment.postgres, DatabaseRoles.creation(catalogue.services))
      try psql(TestEnvironment.postgres, "CREATE DATABASE \(name) OWNER \(DatabaseRoles.owner)")
      let conninfo = TestEnvironment.postgres + " dbname=\(name) options='-c role=\(DatabaseRoles.owner)'"
      _ = try await Migrator(conninfo: conninfo).migrate(catalogue.migrations)
      if demo { try await DemoData.seed(conninfo: conninfo, catalogue) }
      return name
    }
  }
}
