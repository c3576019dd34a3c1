import Glibc
import Reactor
import TestSupport
import Testing

@testable import Postgres

/// A database of its own on the test cluster, dropped at the end.
final class TestDatabase: Sendable {
  let name: String
  /// The superuser's way in.
  let conninfo: String

  init(_ setup: String = "") throws {
    name = "t" + UUID.random().description.filter { $0 != "-" }
    conninfo = TestEnvironment.postgres + " dbname=\(name)"
    try Self.psql(TestEnvironment.postgres, "create database \(name)")
    if !setup.isEmpty { try sql(setup) }
  }

  deinit {
    // Left behind at worst: the cluster is thrown away after the run.
    _ = try? Self.psql(TestEnvironment.postgres, "drop database if exists \(name) with (force)")
  }

  /// Runs SQL as the superuser, outside of what is tested, and gives what psql prints.
  @discardableResult
  func sql(_ text: String) throws -> String {
    try Self.psql(conninfo, text)
  }

  /// Expects what the superuser sees. A function of its own: a macro does not tell the closure around it that it throws.
  func expect(_ text: String, prints expected: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let printed = try sql(text)
    #expect(printed == expected, sourceLocation: sourceLocation)
  }

  @discardableResult
  static func psql(_ conninfo: String, _ text: String) throws -> String {
    let result = try runProcess(
      "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", "-"], input: Array(text.utf8))
    guard result.status == 0 else { throw PsqlFailure(text: result.errorText) }
    return result.outputText
  }

  struct PsqlFailure: Error {
    let text: String
  }
}

/// Loops, a database and its pool, for the time of `body`, which runs on the first loop.
func withDatabase<Result: Sendable>(
  _ setup: String = "", loops: Int = 1, clock: ManualClock? = nil,
  lookUp: @escaping @Sendable (String) -> HostLookup = HostLookup.system,
  adjusting adjust: (inout DatabaseConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (Database, TestDatabase) async throws -> Result
) async throws -> Result {
  let test = try TestDatabase(setup)
  var configuration = DatabaseConfiguration(conninfo: test.conninfo)
  adjust(&configuration)
  let group = try EventLoopGroup(count: loops, name: "pg-test", clock: clock)
  let database = Database(group: group, configuration: configuration, lookUp: lookUp)
  let outcome = await Task(executorPreference: group.loops[0]) { try await body(database, test) }.result
  // What a failed test has left behind must not outlast a clock that nobody moves any more.
  await database.close(within: clock == nil ? .seconds(5) : .zero)
  group.stop()
  return try outcome.get()
}

/// Far enough away never to matter on a slow machine.
var soon: Deadline { .after(.seconds(60)) }

/// Asks again until `condition` holds; after two minutes it records an issue.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
  for _ in 0..<2400 {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(50))
  }
  Issue.record(what)
}

/// The error of a call that must fail.
func failure<Result>(_ body: () async throws -> Result) async -> DatabaseError? {
  do {
    _ = try await body()
    return nil
  } catch let error as DatabaseError {
    return error
  } catch {
    Issue.record("expected a DatabaseError, got \(error)")
    return nil
  }
}
