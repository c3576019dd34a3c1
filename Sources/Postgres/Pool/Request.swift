internal import Reactor

/// What a caller asks of the pool, from its beginning until it is answered: what to send, and who waits. It belongs to its loop from the
/// moment it is begun, and only the pool changes it.
final class Request: PoolRequest {
  enum Kind {
    /// A whole transaction: context, statements, commit.
    case transaction(tenant: UUID?)
    /// A connection for the caller alone.
    case connection
    /// Statements inside the transaction of a lent connection; the first ones open it.
    case statements(opening: Opening?)
    case commit
    case rollback
  }

  struct Opening {
    var tenant: UUID?
    var isolation: IsolationLevel
  }

  enum Outcome: Sendable {
    case rows([ResultBox])
    case lent(LoopBound<Connection>)
    case failed(DatabaseError)
  }

  let kind: Kind
  let statements: [Statement]
  let deadline: Deadline
  /// The connection its transaction has for itself.
  let lent: LoopBound<Connection>?
  @exclusivity(unchecked) var state: RequestState
  @exclusivity(unchecked) var continuation: UnsafeContinuation<Outcome, Never>?
  @exclusivity(unchecked) var timer: Timer?
  /// The connection it is under way on.
  @exclusivity(unchecked) var connection: Connection?
  /// What it is answered with, once it has ended well.
  @exclusivity(unchecked) var rows: [ResultBox] = []

  init(_ kind: Kind, statements: [Statement] = [], deadline: Deadline, on lent: LoopBound<Connection>? = nil) {
    self.kind = kind
    self.statements = statements
    self.deadline = deadline
    self.lent = lent
    let role: RequestState.Role =
      switch kind {
      case .transaction: .transaction
      case .connection: .connection
      case .statements: .statements
      case .commit: .commit
      case .rollback: .rollback
      }
    state = RequestState(role, deadline: deadline)
  }

  var isShareable: Bool { state.role == .transaction }

  /// Whether it makes sense only inside a transaction that is open.
  var needsTransaction: Bool {
    switch kind {
    case .statements(nil), .commit: true
    case .transaction, .connection, .statements, .rollback: false
    }
  }

  static func == (left: Request, right: Request) -> Bool { left === right }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
