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
  static func context(_ tenant: UUID?, statementMilliseconds: Int64) -> Statement {
    Statement(
      "select set_config('app.current_tenant_id', $1, true), set_config('statement_timeout', $2, true)",
      Settings(tenant: tenant, milliseconds: [statementMilliseconds]))
  }

  /// The same for a transaction of several round trips, which may also wait for its client.
  static func context(_ tenant: UUID?, statementMilliseconds: Int64, idleMilliseconds: Int64) -> Statement {
    Statement(
      """
      select set_config('app.current_tenant_id', $1, true), set_config('statement_timeout', $2, true),
        set_config('idle_in_transaction_session_timeout', $3, true)
      """, Settings(tenant: tenant, milliseconds: [statementMilliseconds, idleMilliseconds]))
  }

  /// How long the next statements of a transaction may take.
  static func statementTimeout(_ milliseconds: Int64) -> Statement {
    Statement(
      "select set_config('statement_timeout', $1, true)",
      Settings(tenant: nil, milliseconds: [milliseconds], hasTenant: false))
  }

  /// The settings as text, written where they are sent from.
  private struct Settings: PostgresEncodable {
    let tenant: UUID?
    let milliseconds: [Int64]
    var hasTenant = true

    func encode(into parameters: inout ParameterBuffer) {
      parameters.reserve(slots: 3, bytes: 64)
      if hasTenant {
        parameters.append(type: TypeIdentifier.text, text: true) { bytes in
          if let tenant { tenant.write(into: &bytes) }
        }
      }
      for number in milliseconds {
        parameters.append(type: TypeIdentifier.text, text: true) { $0.append(contentsOf: String(number).utf8) }
      }
    }

    static func encodeNull(into parameters: inout ParameterBuffer) {}
  }
}

extension DatabaseConfiguration {
  /// What the server is told as `statement_timeout`: the time left, at most `statementTimeout`.
  func statementMilliseconds(until deadline: Deadline) -> Int64 {
    min(Self.milliseconds(statementTimeout), Self.millisecondsLeft(until: deadline) ?? .max)
  }

  /// What the server is told as `idle_in_transaction_session_timeout`: the time left and a second, so that the client is the first to end
  /// the transaction; without a deadline `idleTransactionTimeout`.
  func idleMilliseconds(until deadline: Deadline) -> Int64 {
    Self.millisecondsLeft(until: deadline).map { min($0, Self.longestMilliseconds - 1_000) + 1_000 }
      ?? Self.milliseconds(idleTransactionTimeout)
  }

  /// PostgreSQL's settings of time are of 32 bits.
  private static let longestMilliseconds = Int64(Int32.max)

  private static func milliseconds(_ duration: Duration) -> Int64 {
    min(longestMilliseconds, max(1, duration.nanosecondsSaturated / 1_000_000))
  }

  /// Rounded up; 0 would mean no limit.
  private static func millisecondsLeft(until deadline: Deadline) -> Int64? {
    deadline.remaining.map { min(longestMilliseconds, max(1, $0.nanosecondsSaturated / 1_000_000 + 1)) }
  }
}
