internal import Postgres
internal import Schema
internal import ServiceKit

/// SQL about subscriptions. Row-level security narrows every one of them to the tenant of the transaction.
enum SubscriptionStatements {
  struct Key: Record {
    var id = UUID(high: 0, low: 0)

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("id", &id)
    }
  }

  /// What to list.
  struct Filter: Record {
    var status: BillingV1.SubscriptionStatus?
    var planID: String?
    var cycle: BillingV1.BillingCycle?
    var customer: UUID?
    /// From this moment on.
    var start: WallTime?
    /// Before this moment.
    var end: WallTime?
    /// When it is asked.
    var now = WallTime(microseconds: 0)
    var limit: Int64 = 0
    var offset: Int64 = 0

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("status", &status)
      try field("plan_id", &planID)
      try field("cycle", &cycle)
      try field("customer", &customer)
      try field("start", &start)
      try field("end", &end)
      try field("now", &now)
      try field("limit", &limit)
      try field("offset", &offset)
    }
  }

  struct Ended: Record {
    var at = WallTime(microseconds: 0)
    var most: Int32 = 0

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("at", &at)
      try field("most", &most)
    }
  }

  private static let findByKey = DeclaredStatement<Key, SubscriptionRow>(
    "SELECT {columns} FROM billing.subscriptions WHERE id = :id")
  private static let lockByKey = DeclaredStatement<Key, SubscriptionRow>(
    "SELECT {columns} FROM billing.subscriptions WHERE id = :id FOR UPDATE")
  /// The status is compared as `SubscriptionRow.asOf` has it at `:now`.
  private static let filter: StaticString = """
    (:status::text IS NULL OR :status = CASE
        WHEN status IN ('active', 'past_due') AND expires_at <= :now
          THEN CASE WHEN cancelled_at IS NULL THEN 'expired' ELSE 'cancelled' END
        ELSE status END)
      AND (:plan_id::text IS NULL OR plan_id = :plan_id)
      AND (:cycle::text IS NULL OR billing_cycle = :cycle) AND (:customer::uuid IS NULL OR customer_id = :customer)
      AND (:start::timestamptz IS NULL OR created_at >= :start) AND (:end::timestamptz IS NULL OR created_at < :end)
    """
  static let list = DeclaredStatement<Filter, SubscriptionRow>(
    "SELECT {columns} FROM billing.subscriptions WHERE ", filter,
    " ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset")
  static let count = DeclaredStatement<Filter, Total>(
    "SELECT count(*) AS total FROM billing.subscriptions WHERE ", filter)
  /// Those whose end has come and that do not say so yet.
  static let ended = DeclaredStatement<Ended, TenantRow>(
    "SELECT tenant_id, row_id FROM billing.ended_subscriptions(:at, :most)")
  static let insert = DeclaredStatement<SubscriptionRow, NoFields>(
    "INSERT INTO billing.subscriptions ({names}) VALUES ({values})")
  static let update = DeclaredStatement<SubscriptionRow, NoFields>(
    "UPDATE billing.subscriptions SET {changes} WHERE id = :id")

  static let all: [any AnyDeclaredStatement] = [findByKey, lockByKey, list, count, ended, insert, update]

  static func find(_ id: UUID) -> Statement { findByKey(Key(id: id)) }

  /// The row, until the transaction ends nobody else's to change.
  static func lock(_ id: UUID) -> Statement { lockByKey(Key(id: id)) }
}

extension SubscriptionStatements.Filter {
  init(
    status: BillingV1.SubscriptionStatus?, planID: String?, cycle: BillingV1.BillingCycle?, customer: UUID?,
    range: DateRange, now: WallTime, _ page: Page
  ) {
    self.init(
      status: status, planID: planID, cycle: cycle, customer: customer, start: range.start, end: range.end,
      now: now, limit: Int64(page.limit), offset: page.offset)
  }
}
