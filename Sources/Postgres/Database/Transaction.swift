/// A transaction under way, for as long as the closure it is given to runs. The first statement travels with the transaction's beginning and
/// tenant context, in one round trip. Use it from one task at a time.
public final class Transaction {
  /// Runs a statement and gives its rows.
  public func query(_ statement: Statement) async throws(DatabaseError) -> Rows {
    throw .unavailable(reason: "not connected")
  }

  /// Runs a statement and reads its rows with `decode`.
  public func query<Result>(
    _ statement: Statement, _ decode: (Rows) throws -> Result
  ) async throws(DatabaseError) -> Result {
    throw .unavailable(reason: "not connected")
  }

  /// Runs a statement whose rows do not matter.
  /// - Returns: how many rows it changed.
  @discardableResult
  public func execute(_ statement: Statement) async throws(DatabaseError) -> Int {
    try await query(statement).affected
  }

  /// Runs statements in order, in one round trip. When one fails the following are not run.
  public func query(_ statements: [Statement]) async throws(DatabaseError) -> [Rows] {
    throw .unavailable(reason: "not connected")
  }
}
