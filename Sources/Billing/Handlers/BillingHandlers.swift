internal import Postgres
internal import Protobuf
internal import RPC
internal import Schema
internal import ServiceKit

/// The service `cloudbill.billing.v1.Billing`.
struct BillingHandlers: BillingV1.BillingService {
  let changes: Changes
  let reads: Reads
  let clock: WallClock

  init(_ context: ServiceContext) {
    changes = context.changes
    reads = context.reads
    clock = context.clock
  }

  /// Answers for whoever calls, whatever goes wrong.
  private func answer<Reply>(
    _ call: ServerCall, _ work: (Principal) async throws -> Reply
  ) async throws(RPCError) -> Reply {
    let principal = try Principal(call, clock: clock)
    return try await call.answer { try await work(principal) }
  }

  // MARK: - Plans

  func listPlans(
    _ request: BillingV1.ListPlansRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.ListPlansResponse {
    try await answer(call) { try await pageOfPlans(request, as: $0) }
  }

  func getPlan(_ request: BillingV1.GetPlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    try await answer(call) { principal in
      let row = try await plan(request.id, as: principal)
      call.tell(version: row.version)
      return row.message
    }
  }

  func createPlan(_ request: BillingV1.CreatePlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    try await answer(call) { call.tell(try await createPlan(request, as: $0)) }
  }

  func updatePlan(_ request: BillingV1.UpdatePlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    try await answer(call) { call.tell(try await updatePlan(request, as: $0, if: try call.condition)) }
  }

  // MARK: - Subscriptions

  func createSubscription(
    _ request: BillingV1.CreateSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    try await answer(call) { call.tell(try await createSubscription(request, as: $0)) }
  }

  func listSubscriptions(
    _ request: BillingV1.ListSubscriptionsRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.ListSubscriptionsResponse {
    try await answer(call) { try await pageOfSubscriptions(request, as: $0) }
  }

  func getSubscription(
    _ request: BillingV1.GetSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    try await answer(call) { principal in
      let row = try await subscription(request.id, as: principal)
      call.tell(version: row.version)
      return row.message
    }
  }

  func updateSubscription(
    _ request: BillingV1.UpdateSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    try await answer(call) { call.tell(try await updateSubscription(request, as: $0, if: try call.condition)) }
  }

  func cancelSubscription(
    _ request: BillingV1.CancelSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    try await answer(call) { call.tell(try await cancelSubscription(request, as: $0, if: try call.condition)) }
  }
}
