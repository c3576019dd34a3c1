internal import Postgres
internal import Protobuf
internal import RPC
internal import ServiceKit

/// Makes a change once: looks up the key, works the change out, and writes effect, audit trail and answer in one transaction.
struct Changes: Sendable {
  let database: Database

  /// What a change writes and answers.
  struct Effect<Response: Message> {
    /// Empty when all is as asked already.
    let statements: [Statement]
    let response: Response
    /// The row's version when it is done.
    let version: Int64
  }

  /// - Parameter work: reads what it needs and says what to write; run again when the transaction loses a race.
  func make<Request: Message, Response: Message>(
    _ request: Request, _ call: ServerCall, _ change: Change, _ type: Response.Type,
    _ work: (Transaction) async throws -> Effect<Response>
  ) async throws -> Response {
    let keyed = try KeyedRequest(call, request, change)
    let (response, version): (Response, Int64?) = try await database.tenant(
      change.tenant, deadline: call.workDeadline
    ) { transaction in
      // An answer given again is of then: its row may have moved on, so no version is told with it.
      if let answer = try await keyed?.begin(transaction, Response.self) { return (answer, nil) }
      let effect = try await work(transaction)
      var statements = effect.statements
      if let keyed { statements += try keyed.statements(effect.response) }
      if !statements.isEmpty { _ = try await transaction.query(statements) }
      return (effect.response, effect.version)
    }
    if let version { EntityTag.tell(version, call) }
    return response
  }
}
