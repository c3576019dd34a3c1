internal import Reactor

/// The statements that frame everybody's.
enum ControlStatement {
  static let commit = Statement("commit")
  static let rollback = Statement("rollback")
  private static let readCommitted = Statement("begin isolation level read committed")
  private static let repeatableRead = Statement("begin isolation level repeatable read")
  private static let serializable = Statement("begin isolation level serializable")

  static func begin(_ isolation: IsolationLevel) -> Statement {
    switch isolation {
    case .readCommitted: readCommitted
    case .repeatableRead: repeatableRead
    case .serializable: serializable
    }
  }

  /// Says who the transaction is for and how long its statements may take. Both settings end with the transaction, and a transaction
  /// without a tenant sets an empty one: nothing is ever left over for the next.
  static func context(_ tenant: UUID?, deadline: Deadline, _ configuration: DatabaseConfiguration) -> Statement {
    var milliseconds = configuration.statementTimeout.nanosecondsSaturated / 1_000_000
    if let remaining = deadline.remaining {
      milliseconds = min(milliseconds, remaining.nanosecondsSaturated / 1_000_000 + 1)
    }
    return Statement(
      "select set_config('app.current_tenant_id', $1, true), set_config('statement_timeout', $2, true)",
      tenant?.description ?? "", String(max(1, milliseconds)))
  }
}
