/// The codes of PostgreSQL's appendix A that mean something to us.
enum SQLState {
  static let serializationFailure = "40001"
  static let deadlockDetected = "40P01"
  static let queryCanceled = "57014"
  static let notNullViolation = "23502"
  static let foreignKeyViolation = "23503"
  static let uniqueViolation = "23505"
  static let checkViolation = "23514"
  static let exclusionViolation = "23P01"
  static let restrictViolation = "23001"
  static let activeTransaction = "25001"
  static let readOnlyTransaction = "25006"
  static let noActiveTransaction = "25P01"
  static let inFailedTransaction = "25P02"
  static let invalidStatementName = "26000"
  static let featureNotSupported = "0A000"

  /// The transaction lost a race and may be run again.
  static func isSerialization(_ code: String) -> Bool {
    code == serializationFailure || code == deadlockDetected
  }

  /// What a connection has prepared does not fit the schema any more, or was deallocated.
  static func isStale(_ code: String) -> Bool {
    code == invalidStatementName || code == featureNotSupported
  }

  /// What the caller is told of a code.
  static func error(_ code: String, name: String) -> DatabaseError {
    switch code {
    case uniqueViolation: .constraint(kind: .unique, name: name)
    case foreignKeyViolation, restrictViolation: .constraint(kind: .foreignKey, name: name)
    case checkViolation: .constraint(kind: .check, name: name)
    case notNullViolation: .constraint(kind: .notNull, name: name)
    case exclusionViolation: .constraint(kind: .exclusion, name: name)
    case serializationFailure, deadlockDetected: .serialization
    case queryCanceled: .timeout
    default: awayReason(code).map { .unavailable(reason: "\($0) (SQLSTATE \(code))") } ?? .server(sqlState: code)
    }
  }

  /// Why the server cannot work at the moment, for the codes that say so: whole classes, since newer servers add codes to them. Nothing
  /// is wrong with the statement, and it may succeed later. Nil for every other code.
  static func awayReason(_ code: String) -> String? {
    switch code {
    case "53100": "the server's disk is full"
    case "53200": "the server is out of memory"
    case "53300": "the server takes no more connections"
    case "57P01", "57P02", "57P05": "the server ended the connection"
    case "57P03": "the server does not take connections yet"
    case "57P04": "the database was dropped"
    case "58030": "the server cannot read or write its files"
    case readOnlyTransaction: "the server only reads at the moment"
    default:
      switch code.prefix(2) {
      case "08": "the connection to the server failed"
      case "53": "the server lacks resources"
      case "57": "an administrator intervened"
      case "58": "the server's system failed"
      default: nil
      }
    }
  }
}
