internal import Postgres
internal import Protobuf
internal import RPC
internal import Schema
internal import ServiceKit

extension BillingHandlers {
  func pageOfPlans(
    _ request: BillingV1.ListPlansRequest, _ call: ServerCall
  ) async throws -> BillingV1.ListPlansResponse {
    let page = try Page(page: request.page, limit: request.limit)
    let active = request.active?.value
    let answers = try await reads.all(
      [PlanStatements.count(active: active), PlanStatements.list(active: active, page)], call)
    return BillingV1.ListPlansResponse(
      plans: try answers[1].map { try PlanRow($0).message },
      pagination: page.pagination(total: try answers[0].one()[0, as: Int64.self]))
  }

  func createPlan(
    _ request: BillingV1.CreatePlanRequest, _ call: ServerCall, _ change: Change
  ) async throws -> BillingV1.Plan {
    try Validation.planID(request.id)
    try Validation.text(request.name, field: "name", 1...Validation.longestName)
    try Validation.text(request.description, field: "description", 0...Validation.longestDescription)
    _ = try Validation.cycle(request.billingCycle)
    try Validation.currency(request.currency)
    try Validation.amount(request.price, field: "price")
    try Validation.trialDays(request.trialDays)
    let plan = PlanRow(request, tenant: change.tenant, now: change.now)
    do {
      return try await changes.make(request, call, change, BillingV1.Plan.self) { _ in
        Changes.Effect(
          statements: [PlanStatements.insert(plan), try AuditEvent.planCreated.statement(plan.id, change)],
          response: plan.message, version: plan.version)
      }
    } catch DatabaseError.constraint(.unique, "plans_pkey") {
      throw ServiceError.alreadyExists("A plan with this id exists already", field: "id")
    }
  }

  func updatePlan(
    _ request: BillingV1.UpdatePlanRequest, _ call: ServerCall, _ change: Change
  ) async throws -> BillingV1.Plan {
    let fields = try UpdateMask.fields(request.updateMask, of: ["name", "description", "trial_days", "active"])
    try Validation.text(
      request.name, field: "name", (fields.contains("name") ? 1 : 0)...Validation.longestName)
    try Validation.text(request.description, field: "description", 0...Validation.longestDescription)
    try Validation.trialDays(request.trialDays)
    return try await changes.make(request, call, change, BillingV1.Plan.self) { transaction in
      guard let row = try await transaction.query(PlanStatements.lock(request.id)).only() else {
        throw ServiceError.notFound("Plan not found")
      }
      var plan = try PlanRow(row)
      try EntityTag.check(plan.version, call)
      if fields.contains("name") { plan.name = request.name }
      if fields.contains("description") { plan.description = request.description }
      if fields.contains("trial_days") { plan.trialDays = request.trialDays }
      if fields.contains("active") { plan.active = request.active }
      plan.updatedAt = max(change.now, plan.createdAt)
      let detail = ["fields": Value.list(ListValue(values: fields.sorted().map { .string($0) }))]
      return Changes.Effect(
        statements: [
          PlanStatements.update(plan), try AuditEvent.planUpdated.statement(plan.id, detail: detail, change),
        ], response: plan.message, version: plan.version + 1)
    }
  }
}
