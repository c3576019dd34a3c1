internal import Postgres
internal import Protobuf
internal import RPC
internal import ServiceKit

/// What was done, for the audit trail.
enum AuditEvent: String {
  case planCreated = "plan.created"
  case planUpdated = "plan.updated"
  case subscriptionCreated = "subscription.created"
  case subscriptionUpdated = "subscription.updated"
  case subscriptionCancelled = "subscription.cancelled"
  /// A super admin looked into a tenant that is not its own.
  case tenantRead = "tenant.read"

  /// The row to write in the transaction of the effect.
  /// - Parameter detail: what a person who reads the trail needs to know; no personal data.
  func statement(
    _ object: String, detail: [String: Value] = [:], _ change: Change
  ) throws -> Statement {
    let text = try Struct(fields: detail).json()
    return Statement(
      """
      INSERT INTO billing.audit_events
        (tenant_id, id, happened_at, event, subject, cross_tenant, object_id, detail, request_id)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      """, change.tenant, UUID.random(), PostgresTimestamp(change.now), rawValue, change.subject, change.crossTenant,
      object,
      PostgresJSON(String(decoding: text, as: UTF8.self)), change.requestID)
  }
}

/// Who changes something, for which tenant, when: what every write needs beside its own values.
struct Change: Sendable {
  let tenant: UUID
  let subject: String
  /// Whether a super admin acts in a tenant that is not its own.
  let crossTenant: Bool
  let requestID: String
  let now: WallTime

  init(_ call: ServerCall, clock: WallClock) throws(RPCError) {
    tenant = try call.tenant.uuid
    subject = try call.claims.subjectText
    crossTenant = call.actsInOtherTenant
    requestID = String(call.requestID.prefix(64))
    now = clock.now
  }
}
