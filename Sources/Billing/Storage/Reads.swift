internal import Postgres
internal import Protobuf
internal import RPC
internal import ServiceKit

/// Reads in one round trip. A look into a tenant that is not the caller's own leaves a trace in its audit trail, in the same transaction
/// (`contract.md` holes 64 and 96).
struct Reads: Sendable {
  let database: Database
  let clock: WallClock

  /// The one row of a statement; nil when there is none.
  /// - Parameter object: what is asked for, for the audit trail.
  func one<Result>(
    _ statement: Statement, object: String, _ call: ServerCall, _ decode: (Row) throws -> Result
  ) async throws -> Result? {
    guard !call.actsInOtherTenant else {
      return try await traced([statement], object: object, call)[0].only().map { try decode($0) }
    }
    return try await database.tenant(try call.tenant.uuid, deadline: call.workDeadline, statement) { rows in
      try rows.only().map { try decode($0) }
    }
  }

  /// The rows of each statement, all of one transaction.
  func all(_ statements: [Statement], _ call: ServerCall) async throws -> [Rows] {
    guard !call.actsInOtherTenant else { return try await traced(statements, object: "", call) }
    return try await database.tenant(try call.tenant.uuid, deadline: call.workDeadline, statements)
  }

  private func traced(_ statements: [Statement], object: String, _ call: ServerCall) async throws -> [Rows] {
    let change = try Change(call, clock: clock)
    let detail = ["method": Value.string(call.descriptor.name)]
    let trace = try AuditEvent.tenantRead.statement(String(object.prefix(100)), detail: detail, change)
    return try await database.tenant(change.tenant, deadline: call.workDeadline, statements + [trace])
  }
}
