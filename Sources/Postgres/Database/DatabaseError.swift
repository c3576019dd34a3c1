/// Which rule of the schema a statement broke.
public enum ConstraintKind: Sendable, Hashable {
  case unique, foreignKey, check, notNull, exclusion
}

/// Why a database call gave no result. No case carries a value of a row or of a parameter, so each may be logged.
public enum DatabaseError: Error, Sendable, Hashable {
  /// No connection can be had, it was lost before anything could be committed, or the server cannot work at the moment: its disk is full,
  /// it is shutting down (SQLSTATE classes 08, 53, 57 and 58, and 25006). Nothing was changed; come back later.
  case unavailable(reason: String)
  /// The deadline passed, while waiting for a connection or in the database. Nothing was changed.
  case timeout
  /// The calling task was cancelled. Nothing was changed.
  case cancelled
  /// As many calls wait for a connection as are allowed. Nothing was changed; come back later.
  case poolExhausted
  /// The connection was lost, or the server fell silent, after the commit was sent: it has happened or it has not. Never repeat such a
  /// call blindly; look first.
  case commitUnknown
  /// The schema refused the change; `name` is the constraint's (the column's for `.notNull`).
  case constraint(kind: ConstraintKind, name: String)
  /// The transaction lost a race (40001, 40P01) as many times as it may be repeated.
  case serialization
  /// The server refused the statement; see PostgreSQL's appendix A for the code.
  case server(sqlState: String)
  /// A parameter cannot be sent: text with a NUL, for example. Nothing was sent.
  case invalidParameter(index: Int, reason: String)
  /// The answer does not have the shape the code expects: a programming error in a statement or its decoding.
  case unexpectedResult(String)
}

extension DatabaseError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unavailable(let reason): "the database is not available: \(reason)"
    case .timeout: "the database did not answer in time"
    case .cancelled: "the call was cancelled"
    case .poolExhausted: "too many calls wait for a database connection"
    case .commitUnknown: "the connection was lost during the commit: whether it happened is unknown"
    case .constraint(let kind, let name): "the change breaks the \(kind) constraint \(name)"
    case .serialization: "the transaction kept losing against concurrent ones"
    case .server(let sqlState): "the database refused the statement (SQLSTATE \(sqlState))"
    case .invalidParameter(let index, let reason): "parameter $\(index) cannot be sent: \(reason)"
    case .unexpectedResult(let reason): "unexpected result: \(reason)"
    }
  }
}
