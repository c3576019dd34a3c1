public import Postgres
internal import Reactor

/// Tenants to try things on: users of every role, plans, and subscriptions in every state. The same each time but for the dates, which
/// are counted back from the day it is made. Each service writes what it has of a tenant (`ServiceDefinition.demo`).
public enum DemoData {
  /// Who signs in first in every example.
  public static let email = "admin@acme.test"
  public static let acme = UUID("00000000-0000-0000-0000-000000000001") ?? UUID.random()
  public static let platform = UUID("00000000-0000-0000-0000-0000000000ff") ?? UUID.random()
  public static let globex = UUID("00000000-0000-0000-0000-000000000002") ?? UUID.random()

  /// Writes the demo data, all of a tenant or nothing. For a database that has none of it.
  /// - Parameter database: with the rights of the tables' owner.
  /// - Throws: `DatabaseError`.
  public static func seed(
    _ database: Database, _ catalogue: ServiceCatalogue, now: WallTime = WallClock.system.now
  ) async throws {
    for tenant in [DemoTenant.acme, .globex, .platform] {
      let statements = catalogue.services.flatMap { $0.demo(tenant, now) }
      _ = try await database.tenant(tenant.id, deadline: .after(.seconds(30)), [asOwner] + statements)
    }
  }

  /// The same with a connection of its own.
  /// - Parameter conninfo: of a role that may act as the owner.
  public static func seed(conninfo: String, _ catalogue: ServiceCatalogue) async throws {
    let group = try EventLoopGroup(count: 1, name: "seed")
    let database = Database(group: group, configuration: DatabaseConfiguration(conninfo: conninfo))
    let result: Result<Void, any Error>
    do {
      result = .success(try await seed(database, catalogue))
    } catch {
      result = .failure(error)
    }
    await database.close()
    try? await BlockingPool(threads: 1, queueLimit: 1).run { group.stop() }
    try result.get()
  }

  /// Whoever migrates may act as the owner, and need not do so all the time.
  private static let asOwner = Statement("SET LOCAL ROLE cb_owner")
}
