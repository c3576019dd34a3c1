internal import Postgres
internal import ServiceKit

/// SQL about plans. Row-level security narrows every one of them to the tenant of the transaction.
enum PlanStatements {
  private static let find = SQL("SELECT ", PlanRow.columns, " FROM billing.plans WHERE id = $1")
  private static let lock = SQL("SELECT ", PlanRow.columns, " FROM billing.plans WHERE id = $1 FOR UPDATE")
  private static let list = SQL(
    "SELECT ", PlanRow.columns,
    """
     FROM billing.plans WHERE $1::boolean IS NULL OR active = $1
    ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3
    """)

  static func find(_ id: String) -> Statement { Statement(find, id) }

  static func lock(_ id: String) -> Statement { Statement(lock, id) }

  static func list(active: Bool?, _ page: Page) -> Statement {
    Statement(list, active, Int64(page.limit), page.offset)
  }

  static func count(active: Bool?) -> Statement {
    Statement("SELECT count(*) FROM billing.plans WHERE $1::boolean IS NULL OR active = $1", active)
  }

  static func insert(_ plan: PlanRow) -> Statement {
    Statement(
      """
      INSERT INTO billing.plans
        (tenant_id, id, name, description, billing_cycle, price, currency, trial_days, active, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      """, plan.tenant, plan.id, plan.name, plan.description, plan.cycle.text ?? "", plan.price, plan.currency,
      plan.trialDays, plan.active, PostgresTimestamp(plan.createdAt), PostgresTimestamp(plan.updatedAt))
  }

  static func update(_ plan: PlanRow) -> Statement {
    Statement(
      """
      UPDATE billing.plans
      SET name = $2, description = $3, trial_days = $4, active = $5, updated_at = $6, version = version + 1
      WHERE id = $1
      """, plan.id, plan.name, plan.description, plan.trialDays, plan.active, PostgresTimestamp(plan.updatedAt))
  }
}
