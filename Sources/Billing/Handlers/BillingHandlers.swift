internal import Postgres
internal import RPC
internal import Schema
internal import ServiceKit

/// The service `cloudbill.billing.v1.Billing`.
struct BillingHandlers: BillingV1.BillingService {
  let database: Database
  let clock: WallClock

  var changes: Changes { Changes(database: database) }
  var reads: Reads { Reads(database: database, clock: clock) }

  // MARK: - Plans

  func listPlans(
    _ request: BillingV1.ListPlansRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.ListPlansResponse {
    try await call.answer { try await pageOfPlans(request, call) }
  }

  func getPlan(_ request: BillingV1.GetPlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    try await call.answer {
      let row = try await reads.one(PlanStatements.find(request.id), object: request.id, call) { try PlanRow($0) }
      guard let row else { throw ServiceError.notFound("Plan not found") }
      EntityTag.tell(row.version, call)
      return row.message
    }
  }

  func createPlan(_ request: BillingV1.CreatePlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    let change = try Change(call, clock: clock)
    return try await call.answer { try await createPlan(request, call, change) }
  }

  func updatePlan(_ request: BillingV1.UpdatePlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    let change = try Change(call, clock: clock)
    return try await call.answer { try await updatePlan(request, call, change) }
  }

  // MARK: - Subscriptions

  func createSubscription(
    _ request: BillingV1.CreateSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    let change = try Change(call, clock: clock)
    return try await call.answer { try await createSubscription(request, call, change) }
  }

  func listSubscriptions(
    _ request: BillingV1.ListSubscriptionsRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.ListSubscriptionsResponse {
    try await call.answer { try await pageOfSubscriptions(request, call) }
  }

  func getSubscription(
    _ request: BillingV1.GetSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    try await call.answer {
      let statement = SubscriptionStatements.find(try Validation.id(request.id, "Subscription"))
      let row = try await reads.one(statement, object: request.id, call) { try SubscriptionRow($0) }
      guard let row else { throw ServiceError.notFound("Subscription not found") }
      EntityTag.tell(row.version, call)
      return row.message
    }
  }

  func updateSubscription(
    _ request: BillingV1.UpdateSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    let change = try Change(call, clock: clock)
    return try await call.answer { try await updateSubscription(request, call, change) }
  }

  func cancelSubscription(
    _ request: BillingV1.CancelSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    let change = try Change(call, clock: clock)
    return try await call.answer { try await cancelSubscription(request, call, change) }
  }
}
