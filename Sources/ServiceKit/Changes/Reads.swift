public import Postgres

/// Reads in one round trip. A look into a tenant that is not the caller's own leaves a trace in its audit trail, in the same transaction.
public struct Reads: Sendable {
  let database: Database
  let tables: ServiceTables

  public init(database: Database, tables: ServiceTables) {
    self.database = database
    self.tables = tables
  }

  /// The one row of a statement; nil when there is none.
  /// - Parameters:
  ///   - operation: what is asked, for the audit trail: the method's name.
  ///   - object: what is asked for, likewise.
  public func one<Result>(
    _ operation: String, _ statement: Statement, object: String, as principal: Principal,
    _ decode: (Row) throws -> Result
  ) async throws -> Result? {
    guard !principal.crossesTenants else {
      return try await all(operation, [statement], object: object, as: principal)[0].only().map { try decode($0) }
    }
    return try await database.tenant(principal.tenant.uuid, deadline: principal.deadline, statement) { rows in
      try rows.only().map { try decode($0) }
    }
  }

  /// The rows of each statement, all of one transaction.
  public func all(
    _ operation: String, _ statements: [Statement], object: String = "", as principal: Principal
  ) async throws -> [Rows] {
    var statements = statements
    if principal.crossesTenants {
      statements.append(tables.audit(.crossing(operation, object: object), principal))
    }
    return try await database.tenant(principal.tenant.uuid, deadline: principal.deadline, statements)
  }
}
