internal import Postgres
internal import Schema
internal import ServiceKit

/// What a new subscription will be, worked out from the request and the plan it names (`contract.md` holes 21 to 25 and 104).
struct SubscriptionTerms {
  let cycle: BillingV1.BillingCycle
  let price: Int64
  let currency: String
  let anchor: WallTime
  let periodEnd: WallTime
  let trialEnd: WallTime?
  let autoRenew: Bool
  /// Whether the price is another than the plan's.
  let overridesPrice: Bool

  /// A currency when neither request nor plan says one.
  static let defaultCurrency = "USD"
  static let longestTrial = Duration.seconds(86_400 * 730)

  /// - Parameter plan: nil when the catalogue does not have it: then the request must say the price and the cycle.
  init(_ request: BillingV1.CreateSubscriptionRequest, plan: PlanRow?, now: WallTime) throws(ServiceError) {
    if let plan, !plan.active {
      throw .conflict("The plan takes no new subscriptions", code: "PLAN_INACTIVE")
    }
    cycle = try Self.cycle(request, plan)
    currency = try Self.currency(request, plan)
    price = try Self.price(request, plan)
    overridesPrice = plan?.price != price
    autoRenew = request.autoRenew?.value ?? true
    trialEnd = try Self.trialEnd(request, plan, now)
    if let trialEnd {
      guard request.currentPeriodEnd == nil else {
        throw .validation("currentPeriodEnd: a trial's first period ends with the trial", field: "currentPeriodEnd")
      }
      (anchor, periodEnd) = (trialEnd, trialEnd)
    } else {
      let full = BillingPeriod.end(1, anchor: now, cycle: cycle)
      guard let asked = request.currentPeriodEnd else {
        (anchor, periodEnd) = (now, full)
        return
      }
      let end = try Validation.time(asked, field: "currentPeriodEnd")
      guard end > now, end <= full else {
        throw .validation(
          "currentPeriodEnd: expected a time after now and within the first billing period", field: "currentPeriodEnd")
      }
      // A first period of its own length; the ones after it are counted from its end.
      (anchor, periodEnd) = (end == full ? now : end, end)
    }
  }

  private static func cycle(
    _ request: BillingV1.CreateSubscriptionRequest, _ plan: PlanRow?
  ) throws(ServiceError) -> BillingV1.BillingCycle {
    guard let plan else {
      _ = try Validation.cycle(request.billingCycle)
      return request.billingCycle
    }
    guard request.billingCycle == .unspecified || request.billingCycle == plan.cycle else {
      throw .validation("billingCycle: expected \(plan.cycle.stored), the plan's own", field: "billingCycle")
    }
    return plan.cycle
  }

  private static func currency(
    _ request: BillingV1.CreateSubscriptionRequest, _ plan: PlanRow?
  ) throws(ServiceError) -> String {
    if !request.currency.isEmpty { try Validation.currency(request.currency) }
    guard let plan else { return request.currency.isEmpty ? defaultCurrency : request.currency }
    guard request.currency.isEmpty || request.currency == plan.currency else {
      throw .validation("currency: expected \(plan.currency), the plan's own", field: "currency")
    }
    return plan.currency
  }

  private static func price(
    _ request: BillingV1.CreateSubscriptionRequest, _ plan: PlanRow?
  ) throws(ServiceError) -> Int64 {
    guard let price = request.currentPrice?.value else {
      guard let plan else {
        throw .validation(
          "planId: the catalogue has no such plan; give currentPrice to use it all the same", field: "planId")
      }
      return plan.price
    }
    if let plan, request.currency.isEmpty, CurrencyScale.differs(plan.currency) {
      // Without its currency the amount was read with two decimals, which this one does not have.
      throw .validation("currency: expected \(plan.currency) beside currentPrice", field: "currency")
    }
    try Validation.amount(price, field: "currentPrice")
    guard price > 0 || plan?.price == 0 else {
      throw .validation("currentPrice: expected an amount above zero: the plan is not free", field: "currentPrice")
    }
    return price
  }

  private static func trialEnd(
    _ request: BillingV1.CreateSubscriptionRequest, _ plan: PlanRow?, _ now: WallTime
  ) throws(ServiceError) -> WallTime? {
    guard request.isTrial else {
      guard request.trialEndsAt == nil else {
        throw .validation("trialEndsAt: expected isTrial to be true beside it", field: "trialEndsAt")
      }
      return nil
    }
    if let asked = request.trialEndsAt {
      let end = try Validation.time(asked, field: "trialEndsAt")
      guard end > now, end <= now.advanced(by: longestTrial) else {
        throw .validation("trialEndsAt: expected a time after now and within two years", field: "trialEndsAt")
      }
      return end
    }
    guard let days = plan?.trialDays, days > 0 else {
      throw .validation("trialEndsAt: the plan has no trial days, so expected the trial's end", field: "trialEndsAt")
    }
    return now.advanced(by: .seconds(86_400 * Int64(days)))
  }
}
