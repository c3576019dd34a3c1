/// One step of the schema's history. Never change one that has been applied anywhere: add another.
public struct Migration: Sendable, Hashable {
  /// Orders the steps, byte by byte: `0001_roles`.
  public let name: String
  /// Any number of statements; they are applied in one transaction.
  public let sql: String

  public init(name: String, sql: String) {
    self.name = name
    self.sql = sql
  }
}

/// Why a schema could not be brought forward.
public enum MigrationError: Error, Sendable, Hashable {
  /// No connection, or it was lost.
  case unavailable(reason: String)
  /// Two migrations of the program have the same name.
  case duplicateName(String)
  /// A migration was changed after this database got it.
  case checksumMismatch(name: String)
  /// This database has a migration that the program does not know: the program is too old for it.
  case unknownMigration(name: String)
  /// A migration that this database lacks comes before one it has.
  case outOfOrder(name: String, after: String)
  /// PostgreSQL refused a migration; nothing of it was applied. `message` is the server's: it may quote the migration.
  case failed(name: String, sqlState: String, message: String)
}

extension MigrationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unavailable(let reason): "the database cannot be migrated: \(reason)"
    case .duplicateName(let name): "two migrations are named \(name)"
    case .checksumMismatch(let name):
      "migration \(name) was changed after it had been applied: restore its text and put the change into a new migration"
    case .unknownMigration(let name):
      "the database has migration \(name), which this program does not know: use the program that applied it, or a newer one"
    case .outOfOrder(let name, let after):
      "migration \(name) would have to be applied before \(after), which the database has already: give it a later name"
    case .failed(let name, let sqlState, let message): "migration \(name) failed: \(message) (SQLSTATE \(sqlState))"
    }
  }
}
