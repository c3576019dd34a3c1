internal import CPostgres
internal import Glibc

/// Owns one `PGresult` and frees it.
struct ResultHandle: ~Copyable {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    PQclear(pointer)
  }

  /// The SQLSTATE of an error result; empty when libpq itself failed.
  var sqlState: String { diagnostic(cloudbill_diagnostic_sqlstate) }
  var constraintName: String { diagnostic(cloudbill_diagnostic_constraint) }
  var columnName: String { diagnostic(cloudbill_diagnostic_column) }

  /// The server's account of an error. It may quote values: only for those who see the statements anyway.
  var primaryMessage: String { diagnostic(cloudbill_diagnostic_message) }

  fileprivate func diagnostic(_ code: cloudbill_diagnostic) -> String {
    PQresultErrorField(pointer, Int32(code.rawValue)).map { String(cString: $0) } ?? ""
  }

  /// The command ended a transaction without committing it.
  var commandTagIsRollback: Bool { PQcmdStatus(pointer).map { strcmp($0, "ROLLBACK") == 0 } ?? false }
}

/// Keeps a result alive for the rows read from it.
// @unchecked Sendable: a PGresult is never written to after it was received, and libpq allows reading it from any thread.
final class ResultBox: @unchecked Sendable {
  let handle: ResultHandle

  init(_ handle: consuming ResultHandle) {
    self.handle = handle
  }
}

/// What kind of answer a result is.
enum ResultKind {
  case tuples, command, empty, sync, aborted, failed
  /// COPY and single rows: we never ask for them.
  case unsupported
}

extension ResultHandle {
  var status: ResultKind {
    switch PQresultStatus(pointer) {
    case PGRES_TUPLES_OK: .tuples
    case PGRES_COMMAND_OK: .command
    case PGRES_EMPTY_QUERY: .empty
    case PGRES_PIPELINE_SYNC: .sync
    case PGRES_PIPELINE_ABORTED: .aborted
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: .failed
    default: .unsupported
    }
  }

  /// The command began a transaction.
  var opensTransaction: Bool {
    guard let tag = PQcmdStatus(pointer) else { return false }
    return strcmp(tag, "BEGIN") == 0 || strcmp(tag, "START TRANSACTION") == 0
  }

  /// The server closes the connection after this error.
  var isFatal: Bool {
    let severity = diagnostic(cloudbill_diagnostic_severity)
    return severity == "FATAL" || severity == "PANIC"
  }
}
