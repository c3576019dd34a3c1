internal import Reactor

/// A transaction under way, for as long as the closure it is given to runs. The first statement travels with the transaction's beginning and
/// tenant context, in one round trip. Use it from one task at a time.
public final class Transaction {
  private enum State {
    /// Nothing was sent yet.
    case fresh
    case open
    /// A statement failed: only a rollback helps.
    case failed(DatabaseError)
    case ended
  }

  private let pool: LoopBound<ConnectionPool>
  private let connection: LoopBound<Connection>
  private let opening: Request.Opening
  private let deadline: Deadline
  private var state = State.fresh
  /// Whether the server made it give way to a concurrent transaction.
  private(set) var hasLostRace = false

  init(
    pool: LoopBound<ConnectionPool>, opening: Request.Opening, deadline: Deadline
  ) async throws(DatabaseError) {
    self.pool = pool
    self.opening = opening
    self.deadline = deadline
    switch await pool.run(Request(.connection, deadline: deadline)) {
    case .lent(let connection): self.connection = connection
    case .failed(let error): throw error
    case .rows: throw .unexpectedResult("no connection was given")
    }
  }

  /// Runs a statement and gives its rows.
  public func query(_ statement: Statement) async throws(DatabaseError) -> Rows {
    try await query([statement])[0]
  }

  /// Runs a statement and reads its rows with `decode`.
  public func query<Result>(
    _ statement: Statement, _ decode: (Rows) throws -> Result
  ) async throws(DatabaseError) -> Result {
    try await query(statement).decoded(by: decode)
  }

  /// Runs a statement whose rows do not matter.
  /// - Returns: how many rows it changed.
  @discardableResult
  public func execute(_ statement: Statement) async throws(DatabaseError) -> Int {
    try await query(statement).affected
  }

  /// Runs statements in order, in one round trip. When one fails the following are not run, and neither is anything after them: the
  /// transaction can only be rolled back.
  public func query(_ statements: [Statement]) async throws(DatabaseError) -> [Rows] {
    var opening: Request.Opening?
    switch state {
    case .fresh: opening = self.opening
    case .open: break
    case .failed(let error): throw error
    case .ended: throw .unexpectedResult("the transaction has ended")
    }
    state = .open
    let request = Request(.statements(opening: opening), statements: statements, deadline: deadline, on: connection)
    switch await pool.run(request) {
    case .rows(let rows) where rows.count == statements.count: return rows.map { Rows($0) }
    case .failed(let error): throw failed(error)
    case .rows, .lent: throw failed(.unexpectedResult("the server answered another number of statements"))
    }
  }

  /// The deadline decides how long it may take; cancelling the task does not stop it.
  /// - Throws: what made an earlier statement fail, should the body have swallowed that; `.timeout` when the deadline passed before the commit
  ///   was sent; `.commitUnknown` when the connection is lost or the server does not answer.
  func commit() async throws(DatabaseError) {
    switch state {
    case .failed(let error): throw error
    case .ended: return
    case .fresh: return release()
    case .open: break
    }
    let outcome = await pool.runToEnd(Request(.commit, deadline: deadline, on: connection))
    if case .failed(let error) = outcome { throw failed(error) }
    release()
  }

  /// Undoes everything and gives the connection back. Harmless when the transaction has ended.
  func rollback() async {
    switch state {
    case .ended: return
    case .fresh: return release()
    case .open, .failed: break
    }
    _ = await pool.runToEnd(Request(.rollback, deadline: deadline, on: connection))
    release()
  }

  private func failed(_ error: DatabaseError) -> DatabaseError {
    if error == .serialization { hasLostRace = true }
    state = .failed(error)
    return error
  }

  private func release() {
    state = .ended
    let (pool, connection) = (pool, connection)
    pool.onLoop { pool.value.release(connection.value) }
  }
}
