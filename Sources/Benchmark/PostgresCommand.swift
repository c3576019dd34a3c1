import ArgumentParser
import Postgres
import Reactor

/// Tenant transactions of one statement over one loop, as many at a time as there are connections: what pgbench does beside it.
struct PostgresCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "postgres", abstract: "Read rows by key under row-level security; prints transactions a second.")

  @Option(help: "A libpq conninfo.")
  var database: String

  @Option(help: "Connections, and transactions at a time.")
  var connections = 1

  @Option(help: "How long to measure.")
  var seconds = 3.0

  @Option(help: "The tenant whose rows are read.")
  var tenant: String

  func validate() throws {
    guard UUID(tenant) != nil else { throw ValidationError("--tenant: expected a UUID") }
    guard (1...1000).contains(connections) else { throw ValidationError("--connections: expected 1 to 1000") }
    guard seconds > 0 else { throw ValidationError("--seconds: expected more than 0") }
  }

  func run() async throws {
    guard let tenant = UUID(tenant) else { return }
    let group = try EventLoopGroup(count: 1, name: "benchmark")
    let database = Database(
      group: group,
      configuration: DatabaseConfiguration(conninfo: database, connectionsPerLoop: connections))
    let connections = connections
    let seconds = seconds
    let rate = try await Task(executorPreference: group.loops[0]) {
      _ = try await Self.transactions(database, tenant, connections, for: .milliseconds(500))
      let start = Instant.now()
      let count = try await Self.transactions(database, tenant, connections, for: .seconds(seconds))
      return Double(count) * 1e9 / Double(start.duration(to: .now()).nanosecondsSaturated)
    }.value
    await database.close()
    print(rate)
  }

  private static func transactions(
    _ database: Database, _ tenant: UUID, _ connections: Int, for duration: Duration
  ) async throws -> Int {
    let end = Instant.now().advanced(by: duration)
    return try await withThrowingTaskGroup(of: Int.self) { tasks in
      for _ in 0..<connections {
        tasks.addTask {
          var count = 0
          var random = SystemRandomNumberGenerator()
          while Instant.now() < end {
            let key = Int32.random(in: 1...10_000, using: &random)
            let price = try await database.tenant(
              tenant, deadline: .after(.seconds(10)), Statement("select id, name, price from item where id = $1", key)
            ) { rows in
              let row = try rows.one()
              _ = try row[1, as: String.self]
              return try row[2, as: Int64.self]
            }
            guard price == Int64(key) * 100 else { throw CleanExit.message("a wrong row was read") }
            count += 1
          }
          return count
        }
      }
      return try await tasks.reduce(0, +)
    }
  }
}
