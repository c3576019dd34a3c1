internal import Postgres
internal import Protobuf
internal import RPC
internal import Schema
internal import ServiceKit

extension BillingHandlers {
  private typealias Methods = BillingV1.BillingMethods

  func pageOfPlans(
    _ request: BillingV1.ListPlansRequest, as principal: Principal
  ) async throws -> BillingV1.ListPlansResponse {
    let page = try Page(page: request.page, limit: request.limit)
    let active = request.active?.value
    let answers = try await reads.all(
      Methods.listPlans.name, [PlanStatements.count(active: active), PlanStatements.list(active: active, page)],
      as: principal)
    return BillingV1.ListPlansResponse(
      plans: try answers[1].map { try PlanRow($0).message },
      pagination: page.pagination(total: try Total(answers[0].one()).total))
  }

  func plan(_ id: String, as principal: Principal) async throws -> PlanRow {
    let row = try await reads.one(Methods.getPlan.name, PlanStatements.find(id), object: id, as: principal) {
      try PlanRow($0)
    }
    guard let row else { throw ServiceError.notFound("Plan not found") }
    return row
  }

  func createPlan(
    _ request: BillingV1.CreatePlanRequest, as principal: Principal
  ) async throws -> Outcome<BillingV1.Plan> {
    try Validation.planID(request.id)
    try Validation.text(request.name, field: "name", 1...Validation.longestName)
    try Validation.text(request.description, field: "description", 0...Validation.longestDescription)
    _ = try Validation.cycle(request.billingCycle)
    try Validation.currency(request.currency)
    try Validation.amount(request.price ?? 0, field: "price")
    try Validation.trialDays(request.trialDays)
    let plan = PlanRow(request, tenant: principal.tenant.uuid, now: principal.now)
    do {
      return try await changes.make(Methods.createPlan.path, request, as: principal, BillingV1.Plan.self) { _ in
        Effect(
          plan.message, version: plan.version, [PlanStatements.insert(plan)], audit: [.planCreated(plan.id)])
      }
    } catch DatabaseError.constraint(.unique, "plans_pkey") {
      throw ServiceError.alreadyExists("A plan with this id exists already", field: "id")
    }
  }

  func updatePlan(
    _ request: BillingV1.UpdatePlanRequest, as principal: Principal, if condition: EntityTag.Condition
  ) async throws -> Outcome<BillingV1.Plan> {
    let fields = try UpdateMask.fields(request.updateMask, of: ["name", "description", "trial_days", "active"])
    try Validation.text(
      request.name, field: "name", (fields.contains("name") ? 1 : 0)...Validation.longestName)
    try Validation.text(request.description, field: "description", 0...Validation.longestDescription)
    try Validation.trialDays(request.trialDays)
    return try await changes.make(
      Methods.updatePlan.path, request, as: principal, BillingV1.Plan.self
    ) { transaction in
      guard let row = try await transaction.query(PlanStatements.lock(request.id)).only() else {
        throw ServiceError.notFound("Plan not found")
      }
      var plan = try PlanRow(row)
      try condition.check(plan.version)
      if fields.contains("name") { plan.name = request.name }
      if fields.contains("description") { plan.description = request.description }
      if fields.contains("trial_days") { plan.trialDays = request.trialDays }
      if fields.contains("active") { plan.active = request.active }
      plan.updatedAt = max(principal.now, plan.createdAt)
      return Effect(
        plan.message, version: plan.version + 1, [PlanStatements.update(plan)],
        audit: [.planUpdated(plan.id, fields: fields)])
    }
  }
}
