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
  static let noActiveTransaction = "25P01"
  static let inFailedTransaction = "25P02"
  static let invalidStatementName = "26000"
  static let featureNotSupported = "0A000"

  /// The transaction lost a race and may be run again.
  static func isSerialization(_ code: String) -> Bool {
    code == serializationFailure || code == deadlockDetected
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
    case "57P01", "57P02", "57P05": .unavailable(reason: "the server ended the connection (SQLSTATE \(code))")
    case "57P03", "53300": .unavailable(reason: "the server takes no connections (SQLSTATE \(code))")
    default: .server(sqlState: code)
    }
  }
}
