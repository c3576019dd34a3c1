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
      Context(tenant: tenant, milliseconds: max(1, milliseconds)))
  }

  /// Both settings as text, written where they are sent from.
  private struct Context: PostgresEncodable {
    let tenant: UUID?
    let milliseconds: Int64

    func encode(into parameters: inout ParameterBuffer) {
      parameters.reserve(slots: 2, bytes: 64)
      parameters.append(type: TypeIdentifier.text, text: true) { bytes in
        if let tenant { tenant.write(into: &bytes) }
      }
      parameters.append(type: TypeIdentifier.text, text: true) { $0.append(contentsOf: String(milliseconds).utf8) }
    }

    static func encodeNull(into parameters: inout ParameterBuffer) {
      parameters.appendNull(type: TypeIdentifier.text)
      parameters.appendNull(type: TypeIdentifier.text)
    }
  }
}
