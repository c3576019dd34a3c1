/// One step of the schema's history. Never change one that has been applied anywhere: add another.
public struct Migration: Sendable {
  /// Orders the steps, byte by byte: `0001_roles`.
  public let name: String
  /// Any number of statements; they are applied in one transaction.
  public let sql: String

  public init(name: String, sql: String) {
    self.name = name
    self.sql = sql
  }
}
