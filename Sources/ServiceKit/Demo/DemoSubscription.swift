internal import Postgres

/// A subscription of the demo data. Its number decides everything about it.
struct DemoSubscription {
  let number: Int
  let plan: DemoPlan

  private enum State: CaseIterable {
    case active, trial, ending, fixedTerm, pastDue, suspended, cancelled, expired
  }

  /// Most are simply active.
  private var state: State {
    switch number % 12 {
    case 0...4: .active
    case 5: .trial
    case 6: .ending
    case 7: .fixedTerm
    case 8: .pastDue
    case 9: .suspended
    case 10: .cancelled
    default: .expired
    }
  }

  private var status: String {
    switch state {
    case .active, .trial, .ending, .fixedTerm: "active"
    case .pastDue: "past_due"
    case .suspended: "suspended"
    case .cancelled: "cancelled"
    case .expired: "expired"
    }
  }

  private static let day = Duration.seconds(86_400)

  func statement(tenant: UUID, customer: UUID?, now: WallTime) -> Statement {
    let length = Self.day * (plan.cycle == "yearly" ? 365 : 30)
    // Days since the running period began, fewer than any period has.
    let into = Self.day * (1 + number * 7 % 12)
    let hasEnded = state == .cancelled || state == .expired
    let periodStart =
      state == .trial ? now.advanced(by: .zero - into) : now.advanced(by: .zero - into - (hasEnded ? length : .zero))
    let trialEnd = state == .trial ? periodStart.advanced(by: Self.day * 14) : nil
    let periodEnd = trialEnd ?? periodStart.advanced(by: length)
    let started = state == .trial ? periodStart : periodStart.advanced(by: .zero - length * (number % 5))
    let renews = [.active, .trial, .pastDue, .suspended].contains(state)
    let cancelledAt =
      state == .ending
      ? now.advanced(by: .zero - Self.day) : state == .cancelled ? periodEnd.advanced(by: .zero - Self.day * 3) : nil
    let expiresAt = renews ? nil : state == .cancelled ? cancelledAt : periodEnd
    return Statement(
      """
      INSERT INTO billing.subscriptions
        (tenant_id, id, plan_id, status, billing_cycle, current_price, currency, started_at, anchor_at,
         current_period_start, current_period_end, cancelled_at, expires_at, auto_renew, is_trial, trial_ends_at,
         customer_id, metadata, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $8, $10)
      """, tenant, DemoID.subscription(tenant: tenant, number), plan.id, status, plan.cycle, plan.price, plan.currency,
      PostgresTimestamp(started), PostgresTimestamp(trialEnd ?? started), PostgresTimestamp(periodStart),
      PostgresTimestamp(periodEnd), cancelledAt.map { PostgresTimestamp($0) }, expiresAt.map { PostgresTimestamp($0) },
      renews, state == .trial, trialEnd.map { PostgresTimestamp($0) }, number % 3 == 0 ? customer : nil,
      number % 4 == 0 ? PostgresJSON("{\"source\":\"demo\",\"seats\":\(number + 1)}") : nil)
  }
}
