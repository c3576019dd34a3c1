public import Postgres
public import Reactor

/// The messages of a service's outbox that were given up and wait for an operator.
public struct SetAsideMessages: Sendable {
  public struct Line: Sendable {
    public let tenant: TenantID
    public let number: Int64
    public let topic: String
    public let object: String
    public let attempts: Int
    public let error: String
    public let setAsideAt: WallTime
  }

  /// Most that are shown or sent again at a time.
  static let most: Int32 = 1000

  private let find: SQL
  private let read: SQL
  private let resend: SQL

  public init(_ definition: ServiceDefinition) {
    let schema = definition.tables.schema
    find = SQL("SELECT tenant_id, row_id FROM ", schema, ".set_aside_outbox($1)")
    read = SQL(
      "SELECT topic, object_id, attempts, last_error, set_aside_at FROM ", schema,
      ".outbox WHERE sequence = $1 AND set_aside_at IS NOT NULL")
    resend = SQL(
      "UPDATE ", schema,
      ".outbox SET set_aside_at = NULL, attempts = 0, due_at = $2 WHERE sequence = $1 AND set_aside_at IS NOT NULL")
  }

  /// - Parameter database: of a role that may act as the owner.
  public func list(_ database: Database, deadline: Deadline) async throws -> [Line] {
    var lines: [Line] = []
    for (tenant, number) in try await ids(database, deadline) {
      let rows = try await database.tenant(
        tenant, deadline: deadline, [Statement("SET LOCAL ROLE cb_owner"), Statement(read, number)])
      guard let row = try rows[1].only() else { continue }
      lines.append(
        Line(
          tenant: TenantID(tenant), number: number, topic: try row[0, as: String.self],
          object: try row[1, as: String.self], attempts: Int(try row[2, as: Int32.self]),
          error: try row[3, as: String.self], setAsideAt: WallTime(try row[4, as: PostgresTimestamp.self])))
    }
    return lines
  }

  /// Sends messages again: with the next turn of the outbox, as if they had never been tried.
  /// - Parameter number: of one of them; nil for all.
  /// - Returns: how many.
  public func resend(
    _ number: Int64?, _ database: Database, now: WallTime, deadline: Deadline
  ) async throws -> Int {
    var count = 0
    for (tenant, found) in try await ids(database, deadline) where number == nil || number == found {
      let rows = try await database.tenant(
        tenant, deadline: deadline,
        [Statement("SET LOCAL ROLE cb_owner"), Statement(resend, found, PostgresTimestamp(now))])
      count += rows[1].affected
    }
    return count
  }

  private func ids(_ database: Database, _ deadline: Deadline) async throws -> [(tenant: UUID, number: Int64)] {
    try await database.unscoped(
      deadline: deadline, [Statement("SET LOCAL ROLE cb_due"), Statement(find, Self.most)]
    )[1].map { (tenant: try $0[0, as: UUID.self], number: try $0[1, as: Int64.self]) }
  }
}
