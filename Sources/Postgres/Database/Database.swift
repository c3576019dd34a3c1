public import Reactor

/// A PostgreSQL database, reached through one bounded pool of connections on each event loop.
///
/// A call made on one of the group's loops uses that loop's connections and never leaves its thread; a call from elsewhere goes to the loops in
/// turn. Cancelling the calling task, or its deadline passing, cancels the running SQL.
public final class Database: Sendable {
  public let configuration: DatabaseConfiguration

  /// Connects when first needed; a database that is down is found out by the calls.
  public init(group: EventLoopGroup, configuration: DatabaseConfiguration) {
    self.configuration = configuration
  }

  /// Lets what runs end, refuses what is new and closes the connections. Call it before the loops are stopped.
  public func close() async {
  }

  // MARK: - One round trip

  /// Runs one statement in a transaction of its own that sees and writes rows of tenant `id` only: context, statement and commit are sent
  /// together. A statement that lost a race is repeated.
  /// - Parameter decode: reads the rows; called once, after the commit, where the caller runs.
  public func tenant<Result>(
    _ id: UUID, deadline: Deadline, _ statement: Statement, _ decode: (Rows) throws -> Result
  ) async throws(DatabaseError) -> Result {
    throw .unavailable(reason: "not connected")
  }

  /// The same for a statement whose rows do not matter.
  /// - Returns: how many rows it changed.
  @discardableResult
  public func tenant(_ id: UUID, deadline: Deadline, _ statement: Statement) async throws(DatabaseError) -> Int {
    try await tenant(id, deadline: deadline, statement) { $0.affected }
  }

  /// Runs one statement in a transaction without tenant context, for the few that have none (sign-in, schedulers): row-level security shows
  /// such a transaction no tenant's rows.
  public func unscoped<Result>(
    deadline: Deadline, _ statement: Statement, _ decode: (Rows) throws -> Result
  ) async throws(DatabaseError) -> Result {
    throw .unavailable(reason: "not connected")
  }

  /// The same for a statement whose rows do not matter.
  /// - Returns: how many rows it changed.
  @discardableResult
  public func unscoped(deadline: Deadline, _ statement: Statement) async throws(DatabaseError) -> Int {
    try await unscoped(deadline: deadline, statement) { $0.affected }
  }

  // MARK: - Several round trips

  /// Runs `body` in a transaction of tenant `id`. It is committed when `body` returns and rolled back when it throws.
  ///
  /// When the transaction loses a race (40001, 40P01) everything is rolled back and `body` is run again, a bounded number of times with a
  /// random pause: it must have no effect but through the transaction.
  /// - Throws: `DatabaseError`, or what `body` throws.
  public func tenant<Result>(
    _ id: UUID, deadline: Deadline, isolation: IsolationLevel = .readCommitted,
    _ body: (Transaction) async throws -> Result
  ) async throws -> Result {
    throw DatabaseError.unavailable(reason: "not connected")
  }

  /// Runs `body` in a transaction without tenant context; otherwise like `tenant`.
  public func unscoped<Result>(
    deadline: Deadline, isolation: IsolationLevel = .readCommitted, _ body: (Transaction) async throws -> Result
  ) async throws -> Result {
    throw DatabaseError.unavailable(reason: "not connected")
  }
}

/// What a transaction sees of concurrent ones (PostgreSQL manual, 13.2).
public enum IsolationLevel: Sendable, Hashable {
  case readCommitted, repeatableRead, serializable
}
