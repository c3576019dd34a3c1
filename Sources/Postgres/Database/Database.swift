internal import Synchronization
public import Reactor

/// A PostgreSQL database, reached through one bounded pool of connections on each event loop.
///
/// A call made on one of the group's loops uses that loop's connections and never leaves its thread; a call from elsewhere goes to the loops in
/// turn. Cancelling the calling task, or its deadline passing, cancels the running SQL.
public final class Database: Sendable {
  public let configuration: DatabaseConfiguration
  private let pools: [LoopBound<ConnectionPool>]
  private let counters: [PoolCounters]
  private let connecting: BlockingPool
  private let cancelling: BlockingPool
  private let turn = Atomic<Int>(0)

  /// Connects when first needed; a database that is down is found out by the calls.
  public convenience init(group: EventLoopGroup, configuration: DatabaseConfiguration) {
    self.init(group: group, configuration: configuration, lookUp: HostLookup.system)
  }

  /// - Parameter lookUp: gives the addresses of a host name; called on a thread that may block.
  init(
    group: EventLoopGroup, configuration: DatabaseConfiguration, lookUp: @escaping @Sendable (String) -> HostLookup
  ) {
    self.configuration = configuration
    // For what blocks in libpq. Rare, and bounded.
    let connecting = BlockingPool(threads: 2, queueLimit: 256)
    let cancelling = BlockingPool(threads: 2, queueLimit: 256)
    self.connecting = connecting
    self.cancelling = cancelling
    let settings = ConnectionSettings(configuration, lookUp: lookUp)
    let counters = group.loops.map { _ in PoolCounters() }
    self.counters = counters
    pools = zip(group.loops, counters).map { loop, counters in
      LoopBound(
        ConnectionPool(
          loop: loop, configuration: configuration, settings: settings, counters: counters, connecting: connecting,
          cancelling: cancelling), loop: loop)
    }
  }

  /// Lets what runs end, refuses what is new and closes the connections. Call it before the loops are stopped.
  /// - Parameter limit: what runs longer is cut off; the server rolls it back, unless it was committing.
  public func close(within limit: Duration = .seconds(5)) async {
    for pool in pools {
      await withUnsafeContinuation { continuation in
        pool.loop.execute {
          pool.value.close(within: limit) { continuation.resume() }
        }
      }
    }
    connecting.stop()
    cancelling.stop()
  }

  /// What the pools are doing, added up.
  public var statistics: DatabaseStatistics {
    var sum = DatabaseStatistics()
    for counters in counters { sum.add(counters) }
    return sum
  }

  // MARK: - One round trip

  /// Runs one statement in a transaction of its own that sees and writes rows of tenant `id` only: context, statement and commit are sent
  /// together. A statement that lost a race is repeated.
  /// - Parameter decode: reads the rows; called once, after the commit, where the caller runs.
  public func tenant<Result>(
    _ id: UUID, deadline: Deadline, _ statement: Statement, _ decode: (Rows) throws -> Result
  ) async throws(DatabaseError) -> Result {
    try Rows(await roundTrip(tenant: id, [statement], deadline)[0]).decoded(by: decode)
  }

  /// The same for a statement whose rows do not matter.
  /// - Returns: how many rows it changed.
  @discardableResult
  public func tenant(_ id: UUID, deadline: Deadline, _ statement: Statement) async throws(DatabaseError) -> Int {
    try Rows(await roundTrip(tenant: id, [statement], deadline)[0]).affected
  }

  /// The same for several statements: all of them are committed, or none.
  public func tenant(
    _ id: UUID, deadline: Deadline, _ statements: [Statement]
  ) async throws(DatabaseError) -> [Rows] {
    try await roundTrip(tenant: id, statements, deadline).map { Rows($0) }
  }

  /// Runs one statement in a transaction without tenant context, for the few that have none (sign-in, schedulers): row-level security shows
  /// such a transaction no tenant's rows.
  public func unscoped<Result>(
    deadline: Deadline, _ statement: Statement, _ decode: (Rows) throws -> Result
  ) async throws(DatabaseError) -> Result {
    try Rows(await roundTrip(tenant: nil, [statement], deadline)[0]).decoded(by: decode)
  }

  /// The same for a statement whose rows do not matter.
  /// - Returns: how many rows it changed.
  @discardableResult
  public func unscoped(deadline: Deadline, _ statement: Statement) async throws(DatabaseError) -> Int {
    try Rows(await roundTrip(tenant: nil, [statement], deadline)[0]).affected
  }

  /// The same for several statements: all of them are committed, or none.
  public func unscoped(deadline: Deadline, _ statements: [Statement]) async throws(DatabaseError) -> [Rows] {
    try await roundTrip(tenant: nil, statements, deadline).map { Rows($0) }
  }

  private func roundTrip(
    tenant: UUID?, _ statements: [Statement], _ deadline: Deadline
  ) async throws(DatabaseError) -> [ResultBox] {
    let pool = nearest()
    switch await pool.run(Request(.transaction(tenant: tenant), statements: statements, deadline: deadline)) {
    case .rows(let rows) where rows.count == statements.count: return rows
    case .rows, .lent: throw .unexpectedResult("the server answered another number of statements")
    case .failed(let error): throw error
    }
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
    try await interactive(Request.Opening(tenant: id, isolation: isolation), deadline, body)
  }

  /// Runs `body` in a transaction without tenant context; otherwise like `tenant`.
  public func unscoped<Result>(
    deadline: Deadline, isolation: IsolationLevel = .readCommitted, _ body: (Transaction) async throws -> Result
  ) async throws -> Result {
    try await interactive(Request.Opening(tenant: nil, isolation: isolation), deadline, body)
  }

  private func interactive<Result>(
    _ opening: Request.Opening, _ deadline: Deadline, _ body: (Transaction) async throws -> Result
  ) async throws -> Result {
    let pool = nearest()
    var losses = 0
    while true {
      let transaction = try await Transaction(pool: pool, opening: opening, deadline: deadline)
      do {
        let result = try await body(transaction)
        try await transaction.commit()
        return result
      } catch {
        await transaction.rollback()
        losses += 1
        guard transaction.hasLostRace, losses < configuration.serializationAttempts else { throw error }
      }
      do {
        let pause = RacePause.after(losses, chance: .random(in: 0..<1))
        if let left = deadline.remaining, left <= pause { throw DatabaseError.timeout }
        try await pool.loop.sleep(for: pause)
      } catch let error as DatabaseError {
        throw error
      } catch {
        throw DatabaseError.cancelled
      }
    }
  }

  /// The pool of the loop the caller is on, or the next one.
  private func nearest() -> LoopBound<ConnectionPool> {
    for pool in pools where pool.loop.isCurrent { return pool }
    return pools[Int(UInt(bitPattern: turn.wrappingAdd(1, ordering: .relaxed).newValue) % UInt(pools.count))]
  }
}

/// What a transaction sees of concurrent ones (PostgreSQL manual, 13.2).
public enum IsolationLevel: Sendable, Hashable {
  case readCommitted, repeatableRead, serializable
}

extension Rows {
  func decoded<Result>(by decode: (Rows) throws -> Result) throws(DatabaseError) -> Result {
    do {
      return try decode(self)
    } catch let error as DatabaseError {
      throw error
    } catch {
      // The error's text may quote a row; its type says enough.
      throw .unexpectedResult("reading the rows failed with \(type(of: error))")
    }
  }
}
