public import Postgres
public import Reactor

/// Checks the audit trails of a service: that no line was changed, taken out or put in between.
public struct AuditTrail: Sendable {
  private let verify: SQL

  /// What is found of one tenant's trail.
  public struct Verdict: Sendable, Hashable {
    public let lines: Int64
    /// The number of the first line that does not follow from those before it; nil when all do.
    public let firstBroken: Int64?
    /// Whether the last line is the one that the chain's head tells.
    public let endsAtHead: Bool
    /// SHA-256 of the whole trail; kept elsewhere, it tells later whether the end was cut off. Empty for a trail without a line.
    public let head: [UInt8]

    public var isWhole: Bool { firstBroken == nil && endsAtHead }
  }

  public init(_ definition: ServiceDefinition) {
    let schema = definition.tables.schema
    verify = SQL(
      """
      WITH lines AS (
        SELECT sequence, hash, row_number() OVER (ORDER BY sequence) AS place,
      """, " ", schema,
      """
      .audit_hash(coalesce(lag(hash) OVER (ORDER BY sequence), ''), tenant_id, sequence, id, happened_at, event,
            subject, on_behalf_of, cross_tenant, object_id, detail, request_id) AS expected
        FROM
      """, " ", schema,
      """
      .audit_events WHERE tenant_id = $1
      ), last AS (SELECT sequence, hash FROM lines ORDER BY sequence DESC LIMIT 1)
      SELECT (SELECT count(*) FROM lines),
        (SELECT min(sequence) FROM lines WHERE hash <> expected OR sequence <> place),
        (SELECT count(*) FROM last) = (SELECT count(*) FROM last JOIN
      """, " ", schema,
      """
      .audit_heads h ON h.tenant_id = $1 AND h.sequence = last.sequence AND h.hash = last.hash)
          AND (SELECT count(*) FROM last) = (SELECT count(*) FROM
      """, " ", schema,
      """
      .audit_heads WHERE tenant_id = $1),
        coalesce((SELECT hash FROM last), '')
      """)
  }

  /// - Parameter database: of a role that may act as the owner.
  public func check(_ tenant: TenantID, _ database: Database, deadline: Deadline) async throws -> Verdict {
    let rows = try await database.tenant(
      tenant.uuid, deadline: deadline, [Statement("SET LOCAL ROLE cb_owner"), Statement(verify, tenant.uuid)])
    let row = try rows[1].one()
    return Verdict(
      lines: try row[0, as: Int64.self], firstBroken: try row[1, as: Int64?.self],
      endsAtHead: try row[2, as: Bool.self], head: try row[3, as: [UInt8].self])
  }
}
