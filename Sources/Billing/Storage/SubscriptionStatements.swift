internal import Postgres
internal import Schema
internal import ServiceKit

/// SQL about subscriptions. Row-level security narrows every one of them to the tenant of the transaction.
enum SubscriptionStatements {
  private static let find = SQL("SELECT ", SubscriptionRow.columns, " FROM billing.subscriptions WHERE id = $1")
  private static let lock = SQL(
    "SELECT ", SubscriptionRow.columns, " FROM billing.subscriptions WHERE id = $1 FOR UPDATE")

  private static let filter: StaticString = """
    -- As `SubscriptionRow.asOf` has it at $7.
    ($1::text IS NULL OR $1 = CASE
      WHEN status IN ('active', 'past_due') AND expires_at <= $7
        THEN CASE WHEN cancelled_at IS NULL THEN 'expired' ELSE 'cancelled' END
      ELSE status END) AND ($2::text IS NULL OR plan_id = $2)
    AND ($3::text IS NULL OR billing_cycle = $3) AND ($4::uuid IS NULL OR customer_id = $4)
    AND ($5::timestamptz IS NULL OR created_at >= $5) AND ($6::timestamptz IS NULL OR created_at < $6)
    """
  private static let list = SQL(
    "SELECT ", SubscriptionRow.columns, " FROM billing.subscriptions WHERE ", filter,
    " ORDER BY created_at DESC, id DESC LIMIT $8 OFFSET $9")
  private static let count = SQL("SELECT count(*) FROM billing.subscriptions WHERE ", filter)

  static func find(_ id: UUID) -> Statement { Statement(find, id) }

  /// The row, until the transaction ends nobody else's to change.
  static func lock(_ id: UUID) -> Statement { Statement(lock, id) }

  /// Tenants and ids of those whose end has come and that do not say so yet.
  static func ended(at now: WallTime, most: Int32) -> Statement {
    Statement("SELECT tenant_id, row_id FROM billing.ended_subscriptions($1, $2)", PostgresTimestamp(now), most)
  }

  /// What to list.
  struct Filter {
    let status: String?
    let planID: String?
    let cycle: String?
    let customer: UUID?
    let range: DateRange
    /// When it is asked.
    let now: WallTime
  }

  static func list(_ filter: Filter, _ page: Page) -> Statement {
    var statement = bound(list, filter)
    statement.bind(Int64(page.limit))
    statement.bind(page.offset)
    return statement
  }

  static func count(_ filter: Filter) -> Statement { bound(count, filter) }

  private static func bound(_ sql: SQL, _ filter: Filter) -> Statement {
    Statement(
      sql, filter.status, filter.planID, filter.cycle, filter.customer,
      filter.range.start.map { PostgresTimestamp($0) },
      filter.range.end.map { PostgresTimestamp($0) }, PostgresTimestamp(filter.now))
  }

  static func insert(_ row: SubscriptionRow) -> Statement {
    Statement(
      """
      INSERT INTO billing.subscriptions
        (tenant_id, id, plan_id, status, billing_cycle, current_price, currency, started_at, anchor_at,
         current_period_start, current_period_end, expires_at, auto_renew, is_trial, trial_ends_at, customer_id,
         metadata, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
      """, row.tenant, row.id, row.planID, row.status.text ?? "", row.cycle.text ?? "", row.currentPrice, row.currency,
      PostgresTimestamp(row.startedAt), PostgresTimestamp(row.anchorAt), PostgresTimestamp(row.currentPeriodStart),
      PostgresTimestamp(row.currentPeriodEnd), row.expiresAt.map { PostgresTimestamp($0) }, row.autoRenew, row.isTrial,
      row.trialEndsAt.map { PostgresTimestamp($0) }, row.customer, row.metadata.map { PostgresJSON($0) },
      PostgresTimestamp(row.createdAt), PostgresTimestamp(row.updatedAt))
  }

  static func update(_ row: SubscriptionRow) -> Statement {
    Statement(
      """
      UPDATE billing.subscriptions
      SET status = $2, cancelled_at = $3, expires_at = $4, auto_renew = $5, metadata = $6, updated_at = $7,
        version = version + 1
      WHERE id = $1
      """, row.id, row.status.text ?? "", row.cancelledAt.map { PostgresTimestamp($0) },
      row.expiresAt.map { PostgresTimestamp($0) }, row.autoRenew, row.metadata.map { PostgresJSON($0) },
      PostgresTimestamp(row.updatedAt))
  }
}
