internal import Protobuf
internal import ServiceKit

/// What the audit trail says of changes to plans and subscriptions.
extension AuditEntry {
  static func planCreated(_ id: String) -> AuditEntry { AuditEntry("plan.created", object: id) }

  static func planUpdated(_ id: String, fields: Set<String>) -> AuditEntry {
    AuditEntry("plan.updated", object: id, detail: ["fields": names(fields)])
  }

  static func subscriptionCreated(_ row: SubscriptionRow, overridesPrice: Bool) -> AuditEntry {
    AuditEntry(
      "subscription.created", object: row.id.description,
      detail: ["planId": .string(row.planID), "overridesPrice": .bool(overridesPrice)])
  }

  static func subscriptionUpdated(_ row: SubscriptionRow, fields: Set<String>) -> AuditEntry {
    AuditEntry("subscription.updated", object: row.id.description, detail: ["fields": names(fields)])
  }

  static func subscriptionCancelled(_ row: SubscriptionRow, immediately: Bool, reason: String) -> AuditEntry {
    AuditEntry(
      "subscription.cancelled", object: row.id.description,
      detail: ["immediately": .bool(immediately), "reason": .string(reason)])
  }

  static func subscriptionEnded(_ row: SubscriptionRow) -> AuditEntry {
    AuditEntry("subscription.ended", object: row.id.description, detail: ["status": .string(row.status.stored)])
  }

  private static func names(_ fields: Set<String>) -> Value {
    .list(ListValue(values: fields.sorted().map { .string($0) }))
  }
}
