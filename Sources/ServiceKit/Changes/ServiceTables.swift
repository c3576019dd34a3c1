public import Postgres
internal import Protobuf

/// The tables that every service has in its own schema (`ServiceTables.migration`), and the statements about them.
public final class ServiceTables: Sendable {
  let schema: StaticString
  private let insertAudit: SQL
  private let findKey: SQL
  private let insertKey: SQL
  private let forgetKeys: SQL
  private let insertMessage: SQL
  private let due: SQL
  private let lock: SQL
  private let delete: SQL
  private let fail: SQL
  private let accept: SQL

  public init(schema: StaticString) {
    self.schema = schema
    // The head's row is locked until the transaction ends, so that a tenant's lines form one chain. It is the last statement of a
    // transaction for that reason.
    insertAudit = SQL(
      "WITH head AS (INSERT INTO ", schema,
      """
      .audit_heads AS h (tenant_id, sequence, hash)
        VALUES ($1, 1,
      """, " ", schema,
      """
      .audit_hash('', $1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10))
        ON CONFLICT (tenant_id) DO UPDATE SET sequence = h.sequence + 1, hash =
      """, " ", schema,
      """
      .audit_hash(h.hash, $1, h.sequence + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        RETURNING h.sequence, h.hash)
      INSERT INTO
      """, " ", schema,
      """
      .audit_events
        (tenant_id, sequence, id, happened_at, event, subject, on_behalf_of, cross_tenant, object_id, detail,
         request_id, hash)
      SELECT $1, head.sequence, $2, $3, $4, $5, $6, $7, $8, $9, $10, head.hash FROM head
      """)
    findKey = SQL(
      "SELECT method, request_digest, response, version FROM ", schema,
      ".idempotency_keys WHERE subject = $1 AND key = $2")
    insertKey = SQL(
      "INSERT INTO ", schema,
      """
      .idempotency_keys (tenant_id, subject, key, method, request_digest, response, version, created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      """)
    // One at a time forgets, so that nobody waits for another's deletion.
    forgetKeys = SQL(
      "DELETE FROM ", schema,
      ".idempotency_keys WHERE (tenant_id, subject, key) IN (SELECT tenant_id, subject, key FROM ",
      schema,
      """
      .idempotency_keys
        WHERE created_at < $1 AND (SELECT pg_try_advisory_xact_lock(hashtextextended('forget ' || $2, 0)))
        ORDER BY created_at LIMIT 20)
      """)
    insertMessage = SQL(
      "INSERT INTO ", schema,
      """
      .outbox (tenant_id, object_id, topic, payload, subject, on_behalf_of, request_id, created_at, due_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
      """)
    due = SQL("SELECT tenant_id, row_id FROM ", schema, ".due_outbox($1, $2)")
    // Checked again under the lock: somebody may have delivered it, or set it aside, since it was found.
    lock = SQL(
      "SELECT topic, object_id, payload, subject, on_behalf_of, request_id, attempts FROM ", schema,
      ".outbox WHERE sequence = $1 AND set_aside_at IS NULL FOR UPDATE SKIP LOCKED")
    delete = SQL("DELETE FROM ", schema, ".outbox WHERE sequence = $1")
    fail = SQL(
      "UPDATE ", schema,
      ".outbox SET attempts = attempts + 1, due_at = $2, set_aside_at = $3, last_error = $4 WHERE sequence = $1")
    accept = SQL(
      "INSERT INTO ", schema,
      ".inbox (tenant_id, source, message, received_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
  }

  /// The line of the audit trail, to be written in the transaction of the effect, after everything else.
  public func audit(_ entry: AuditEntry, _ principal: Principal) -> Statement {
    Statement(
      insertAudit, principal.tenant.uuid, UUID.timeOrdered(), PostgresTimestamp(principal.now), entry.event,
      principal.subject, principal.onBehalfOf, principal.crossesTenants, entry.object, PostgresJSON(entry.detail),
      principal.requestID)
  }

  func find(key: String, of owner: String) -> Statement { Statement(findKey, owner, key) }

  func insert(
    key: String, _ principal: Principal, operation: String, digest: [UInt8], response: [UInt8], version: Int64?
  ) -> Statement {
    Statement(
      insertKey, principal.tenant.uuid, principal.keyOwner, key, operation, digest, response, version,
      PostgresTimestamp(principal.now))
  }

  func forget(before time: WallTime, _ tenant: TenantID) -> Statement {
    Statement(forgetKeys, PostgresTimestamp(time), tenant.description)
  }

  func send(_ message: OutboxMessage, _ principal: Principal) -> Statement {
    Statement(
      insertMessage, principal.tenant.uuid, message.object, message.topic, message.payload, principal.subject,
      principal.onBehalfOf, principal.requestID, PostgresTimestamp(principal.now))
  }

  func dueMessages(at now: WallTime, most: Int32) -> Statement { Statement(due, PostgresTimestamp(now), most) }

  func lockMessage(_ number: Int64) -> Statement { Statement(lock, number) }

  func deleteMessage(_ number: Int64) -> Statement { Statement(delete, number) }

  func failMessage(_ number: Int64, dueAt: WallTime, setAsideAt: WallTime?, error: String) -> Statement {
    Statement(fail, number, PostgresTimestamp(dueAt), setAsideAt.map { PostgresTimestamp($0) }, error)
  }

  func accept(_ number: Int64, from source: String, at now: WallTime, _ tenant: TenantID) -> Statement {
    Statement(accept, tenant.uuid, source, number, PostgresTimestamp(now))
  }
}
