internal import Reactor

/// Brings a database's schema forward: applies the migrations it does not have yet, in the order of their names, each in a transaction of its
/// own with the record of it.
///
/// Forward only: there is no way back but another migration. Two migrators at once are one after the other (`pg_advisory_lock`), and
/// the second finds nothing to do.
public struct Migrator: Sendable {
  private let conninfo: String

  /// - Parameter conninfo: libpq connection string of the role that owns the schema.
  public init(conninfo: String) {
    self.conninfo = conninfo
  }

  /// Applies what is missing.
  ///
  /// It blocks in libpq, so it runs on a thread of its own; a migration may take as long as it takes.
  /// - Returns: the names of those applied now, in order.
  /// - Throws: `MigrationError`. What was applied before the failure stays.
  @discardableResult
  public func migrate(_ migrations: [Migration]) async throws -> [String] {
    let helper = BlockingPool(threads: 1, queueLimit: 1)
    defer { helper.stop() }
    return try await helper.run { try MigrationRun(conninfo: conninfo).apply(migrations) }
  }
}
