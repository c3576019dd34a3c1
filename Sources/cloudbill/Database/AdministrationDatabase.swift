import Postgres
import Reactor
import ServiceKit

/// The database for a command that looks after it: a connection as the migrator, who may act as the owner.
enum AdministrationDatabase {
  /// A command gives up after that time.
  static var deadline: Deadline { .after(.seconds(600)) }

  static func with<Result: Sendable>(
    _ mesh: MeshOptions, _ body: (Database) async throws -> Result
  ) async throws -> Result {
    let address = try DatabaseAddress(directory: DataDirectory(mesh.dataPath))
    let conninfo = try address.conninfo(.migrator)
    let group = try EventLoopGroup(count: 1, name: "administration")
    let database = Database(
      group: group, configuration: DatabaseConfiguration(conninfo: conninfo, connectionsPerLoop: 1))
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(try await body(database))
    } catch {
      outcome = .failure(error)
    }
    await database.close()
    group.stop()
    return try outcome.get()
  }
}
