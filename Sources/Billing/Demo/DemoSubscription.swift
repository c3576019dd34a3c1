internal import Postgres
internal import Schema
internal import ServiceKit

/// A subscription of the demo data. Its number decides everything about it.
struct DemoSubscription {
  let number: Int
  let plan: DemoPlan
  private let state: State

  private enum State {
    case active, trial, ending, fixedTerm, pastDue, suspended, cancelled, expired

    /// Most are simply active.
    init(_ number: Int) {
      self =
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

    var status: BillingV1.SubscriptionStatus {
      switch self {
      case .active, .trial, .ending, .fixedTerm: .active
      case .pastDue: .pastDue
      case .suspended: .suspended
      case .cancelled: .cancelled
      case .expired: .expired
      }
    }

    var hasEnded: Bool { self == .cancelled || self == .expired }
    var renews: Bool { [.active, .trial, .pastDue, .suspended].contains(self) }
  }

  /// Nil when none of the plans fits.
  init?(number: Int, plans: [DemoPlan]) {
    let state = State(number)
    let fitting = state == .trial ? plans.filter { $0.active && $0.trialDays > 0 } : plans
    guard !fitting.isEmpty else { return nil }
    self.number = number
    self.state = state
    // States return every twelve numbers: each time with the next plan.
    plan = fitting[(number * 5 + number / 12) % fitting.count]
  }

  /// When things happened, by the rules that the billing service follows.
  private struct Times {
    let anchor, started, periodStart, periodEnd: WallTime
    var trialEnd, cancelled, expires: WallTime?
  }

  private func times(now: WallTime) -> Times {
    let day = Duration.seconds(86_400)
    // Days since the running period began, fewer than any period or trial has.
    let begun = now.advanced(by: .zero - day * (1 + number * 7 % 12))
    if state == .trial {
      let end = begun.advanced(by: day * Int(plan.trialDays))
      return Times(anchor: end, started: begun, periodStart: begun, periodEnd: end, trialEnd: end)
    }
    let cycle: Int64 = plan.cycle.months
    let earlier = Int64(number % 5)
    let anchor = begun.advanced(months: -cycle * (earlier + (state.hasEnded ? 1 : 0)))
    let end = anchor.advanced(months: cycle * (earlier + 1))
    var times = Times(
      anchor: anchor, started: anchor, periodStart: anchor.advanced(months: cycle * earlier), periodEnd: end)
    switch state {
    case .ending: times.cancelled = now.advanced(by: .zero - day)
    case .cancelled: times.cancelled = end.advanced(by: .zero - day * 3)
    default: break
    }
    times.expires = state.renews ? nil : state == .cancelled ? times.cancelled : end
    return times
  }

  private static func id(tenant: UUID, _ number: Int) -> UUID {
    DemoID.make(tenant == DemoData.acme ? "0000000b" : "0000000c", number + 1)
  }

  func statement(tenant: UUID, customer: UUID?, now: WallTime) -> Statement {
    let times = times(now: now)
    return SubscriptionStatements.insert(
      SubscriptionRow(
        tenant: tenant, id: Self.id(tenant: tenant, number), planID: plan.id, status: state.status, cycle: plan.cycle,
        currentPrice: plan.price, currency: plan.currency, startedAt: times.started, anchorAt: times.anchor,
        currentPeriodStart: times.periodStart, currentPeriodEnd: times.periodEnd, cancelledAt: times.cancelled,
        expiresAt: times.expires, autoRenew: state.renews, isTrial: state == .trial, trialEndsAt: times.trialEnd,
        customer: number % 3 == 0 ? customer : nil,
        metadata: number % 4 == 0 ? PostgresJSON("{\"source\":\"demo\",\"seats\":\(number + 1)}") : nil,
        createdAt: times.started, updatedAt: times.cancelled ?? times.periodStart))
  }
}
