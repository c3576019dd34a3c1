public import Postgres
public import Protobuf
internal import RPC

/// What a change writes and answers.
public struct Effect<Response: Message> {
  /// Empty when all is as asked already.
  public let statements: [Statement]
  /// Lines of the audit trail.
  public let audit: [AuditEntry]
  /// What others are told when it is committed.
  public let messages: [OutboxMessage]
  public let response: Response
  /// The row's version when it is done; nil for what has none.
  public let version: Int64?

  public init(
    _ response: Response, version: Int64?, _ statements: [Statement] = [], audit: [AuditEntry] = [],
    messages: [OutboxMessage] = []
  ) {
    self.statements = statements
    self.audit = audit
    self.messages = messages
    self.response = response
    self.version = version
  }
}

/// What a change is answered with.
public struct Outcome<Response: Message> {
  public let response: Response
  public let version: Int64?
  /// Whether the answer was given before and nothing was done now.
  public let isReplay: Bool
}

/// Makes a change once: looks up the key, works the change out, and writes effect, audit trail and answer in one transaction.
public struct Changes: Sendable {
  let database: Database
  public let tables: ServiceTables
  /// Woken when a change has written to the outbox.
  let written = WorkerSignal()

  public init(database: Database, tables: ServiceTables) {
    self.database = database
    self.tables = tables
  }

  /// - Parameters:
  ///   - operation: what is done, as the method's path or a worker spells it. A key is good for one operation.
  ///   - request: what it is done with. A key is good for one request.
  ///   - work: reads what it needs and says what to write; run again when the transaction loses a race.
  /// - Throws: what `work` throws; `DatabaseError`; 409 or 422 for a key that is in use or was used for something else; 503 when it is not
  ///   known whether a change with a key was made, since asking again with it is safe.
  public func make<Request: Message, Response: Message>(
    _ operation: String, _ request: Request, as principal: Principal, _ type: Response.Type,
    _ work: (Transaction) async throws -> Effect<Response>
  ) async throws -> Outcome<Response> {
    let once = try OncePerKey(principal, operation: operation, request, tables)
    var hasMessages = false
    defer { if hasMessages { written.wake() } }
    do {
      return try await database.tenant(principal.tenant.uuid, deadline: principal.deadline) { transaction in
        if let (response, version) = try await once?.begin(transaction, Response.self) {
          return Outcome(response: response, version: version, isReplay: true)
        }
        let effect = try await work(transaction)
        var statements = effect.statements
        if let once { statements += try once.statements(effect.response, version: effect.version) }
        statements += effect.messages.map { tables.send($0, principal) }
        hasMessages = !effect.messages.isEmpty
        statements += effect.audit.map { tables.audit($0, principal) }
        if !statements.isEmpty { _ = try await transaction.query(statements) }
        return Outcome(response: effect.response, version: effect.version, isReplay: false)
      }
    } catch DatabaseError.commitUnknown where once != nil {
      throw ServiceError.unavailable()
    }
  }
}
