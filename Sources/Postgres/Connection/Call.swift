internal import Reactor

/// One unit of the pipeline, from its caller's request until the server's `ReadyForQuery`: what to send, what came back, who waits.
/// It belongs to its loop from the moment it is begun.
final class Call {
  enum Kind {
    /// A whole transaction: context, statements, commit.
    case single(tenant: UUID?)
    /// A connection for the caller alone.
    case lease
    /// Statements inside a leased connection's transaction; the first call opens it.
    case step(opening: Opening?)
    case commit
    case rollback
  }

  struct Opening {
    var tenant: UUID?
    var isolation: IsolationLevel
  }

  enum State {
    case created
    case waiting
    case flying
    case ended
  }

  enum Interruption {
    case timeout, cancelled

    var error: DatabaseError { self == .timeout ? .timeout : .cancelled }
  }

  let kind: Kind
  let statements: [Statement]
  let deadline: Deadline
  @exclusivity(unchecked) var state = State.created
  @exclusivity(unchecked) var continuation: UnsafeContinuation<Outcome, Never>?
  @exclusivity(unchecked) var timer: Timer?
  /// Why the caller wants it to end; what the server answers then still decides.
  @exclusivity(unchecked) var interruption: Interruption?
  /// How often it was run because it lost a race, and for reasons that are not its own.
  @exclusivity(unchecked) var lostRaces = 0
  @exclusivity(unchecked) var reruns = 0

  // What is under way.
  @exclusivity(unchecked) var commands: [Command] = []
  @exclusivity(unchecked) var position = 0
  @exclusivity(unchecked) var rows: [ResultBox] = []
  @exclusivity(unchecked) var failure: Failure?
  /// Its statement was a `BEGIN`, which one-round-trip transactions have no use for.
  @exclusivity(unchecked) private(set) var hasOpenedTransaction = false
  /// A request to cancel was sent while another call was first on the same connection.
  @exclusivity(unchecked) var mayBeHit = false
  /// The connection its transaction holds.
  @exclusivity(unchecked) var lease: LoopBound<Connection>?
  /// The connection it is under way on.
  @exclusivity(unchecked) var connection: Connection?

  /// What each result of the server answers to.
  enum Command {
    case prepare(PreparedStatements.Key)
    /// Its rows do not matter.
    case control
    case statement
    case commit
  }

  struct Failure {
    let sqlState: String
    let name: String
    /// The connection ends with this error: nothing after it was run.
    let isFatal: Bool
  }

  enum Outcome: Sendable {
    case rows([ResultBox])
    case leased(LoopBound<Connection>)
    case failed(DatabaseError)
  }

  init(_ kind: Kind, statements: [Statement], deadline: Deadline) {
    self.kind = kind
    self.statements = statements
    self.deadline = deadline
  }

  /// Whether losing the connection now leaves open what has happened.
  var commits: Bool {
    switch kind {
    case .single, .commit: true
    case .lease, .step, .rollback: false
    }
  }

  /// Whether it makes sense only inside a transaction that is open.
  var needsTransaction: Bool {
    switch kind {
    case .step(nil), .commit: true
    case .single, .lease, .step, .rollback: false
    }
  }

  var isShareable: Bool {
    if case .single = kind { true } else { false }
  }

  func forgetAnswer() {
    commands.removeAll(keepingCapacity: true)
    rows.removeAll(keepingCapacity: true)
    position = 0
    failure = nil
    mayBeHit = false
  }

  /// Takes one result of the server.
  func take(_ result: ResultBox, in prepared: inout PreparedStatements) {
    let status = result.handle.status
    let command = position < commands.count ? commands[position] : nil
    switch status {
    case .tuples, .command, .empty:
      if case .statement = command {
        rows.append(result)
        if status == .command, isShareable, result.handle.opensTransaction {
          hasOpenedTransaction = true
          failure = Failure(sqlState: SQLState.activeTransaction, name: "", isFatal: false)
        }
      }
      if case .commit = command, result.handle.commandTag == "ROLLBACK", failure == nil {
        failure = Failure(sqlState: SQLState.inFailedTransaction, name: "", isFatal: false)
      }
    case .aborted:
      if case .prepare(let key) = command { prepared.forget(key) }
    case .failed:
      if case .prepare(let key) = command { prepared.forget(key) }
      if failure == nil || result.handle.isFatal { failure = Failure(result) }
    case .sync, .unsupported:
      break
    }
  }
}

extension Call.Failure {
  init(_ result: ResultBox) {
    let sqlState = result.handle.sqlState
    self.init(
      sqlState: sqlState,
      name: sqlState == SQLState.notNullViolation ? result.handle.columnName : result.handle.constraintName,
      isFatal: result.handle.isFatal)
  }
}
