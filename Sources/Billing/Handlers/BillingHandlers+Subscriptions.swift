internal import Postgres
internal import Protobuf
internal import RPC
internal import Schema
internal import ServiceKit

extension BillingHandlers {
  private typealias Methods = BillingV1.BillingMethods

  func pageOfSubscriptions(
    _ request: BillingV1.ListSubscriptionsRequest, as principal: Principal
  ) async throws -> BillingV1.ListSubscriptionsResponse {
    let page = try Page(page: request.page, limit: request.limit)
    let filter = SubscriptionStatements.Filter(
      status: try Validation.status(request.status), planID: request.planID.isEmpty ? nil : request.planID,
      cycle: request.billingCycle == .unspecified ? nil : try Validation.cycle(request.billingCycle),
      customer: try Validation.customer(request.customerID),
      range: try DateRange(startDate: request.startDate, endDate: request.endDate), now: principal.now, page)
    let answers = try await reads.all(
      Methods.listSubscriptions.name,
      [SubscriptionStatements.count(filter), SubscriptionStatements.list(filter)], as: principal)
    return BillingV1.ListSubscriptionsResponse(
      subscriptions: try answers[1].map { try SubscriptionRow($0).asOf(principal.now).message },
      pagination: page.pagination(total: try Total(answers[0].one()).total))
  }

  func subscription(_ text: String, as principal: Principal) async throws -> SubscriptionRow {
    let statement = SubscriptionStatements.find(try Validation.id(text, "Subscription"))
    let row = try await reads.one(Methods.getSubscription.name, statement, object: text, as: principal) {
      try SubscriptionRow($0).asOf(principal.now)
    }
    guard let row else { throw ServiceError.notFound("Subscription not found") }
    return row
  }

  func createSubscription(
    _ request: BillingV1.CreateSubscriptionRequest, as principal: Principal
  ) async throws -> Outcome<BillingV1.Subscription> {
    let tenant = principal.tenant.uuid
    if !request.tenantID.isEmpty, UUID(request.tenantID) != tenant { throw ServiceError.tenantDenied }
    try Validation.text(request.planID, field: "planId", 1...Validation.longestPlanID)
    let customer = try Validation.customer(request.customerID)
    let metadata = try request.metadata.map { metadata throws(ServiceError) in try Validation.metadata(metadata) }
    do {
      return try await changes.make(
        Methods.createSubscription.path, request, as: principal, BillingV1.Subscription.self
      ) { transaction in
        let plan = try await transaction.query(PlanStatements.find(request.planID)).only().map { try PlanRow($0) }
        let terms = try SubscriptionTerms(request, plan: plan, now: principal.now)
        let row = SubscriptionRow(
          tenant: tenant, planID: request.planID, terms: terms, customer: customer, metadata: metadata,
          now: principal.now)
        return Effect(
          row.message, version: row.version, [SubscriptionStatements.insert(row)],
          audit: [.subscriptionCreated(row, overridesPrice: terms.overridesPrice)])
      }
    } catch DatabaseError.constraint(.foreignKey, "subscriptions_tenant_id_customer_id_fkey") {
      throw ServiceError.validation("customerId: the tenant has no such user", field: "customerId")
    } catch DatabaseError.constraint(.check, "subscriptions_metadata_check") {
      throw Validation.metadataTooLong
    }
  }

  func updateSubscription(
    _ request: BillingV1.UpdateSubscriptionRequest, as principal: Principal, if condition: EntityTag.Condition
  ) async throws -> Outcome<BillingV1.Subscription> {
    let id = try Validation.id(request.id, "Subscription")
    let fields = try UpdateMask.fields(request.updateMask, of: ["auto_renew", "metadata"])
    let metadata = try request.metadata.map { metadata throws(ServiceError) in try Validation.metadata(metadata) }
    do {
      return try await changes.make(
        Methods.updateSubscription.path, request, as: principal, BillingV1.Subscription.self
      ) { transaction in
        var row = try await lock(id, transaction, condition, at: principal.now)
        try SubscriptionChange.refuseEnded(row)
        if fields.contains("auto_renew") {
          row = try SubscriptionChange.setAutoRenew(row, request.autoRenew, now: principal.now)
        }
        if fields.contains("metadata") { row.metadata = metadata }
        row.updatedAt = max(principal.now, row.createdAt)
        return Effect(
          row.message, version: row.version + 1, [SubscriptionStatements.update(row)],
          audit: [.subscriptionUpdated(row, fields: fields)])
      }
    } catch DatabaseError.constraint(.check, "subscriptions_metadata_check") {
      throw Validation.metadataTooLong
    }
  }

  func cancelSubscription(
    _ request: BillingV1.CancelSubscriptionRequest, as principal: Principal, if condition: EntityTag.Condition
  ) async throws -> Outcome<BillingV1.Subscription> {
    let id = try Validation.id(request.id, "Subscription")
    try Validation.text(request.reason, field: "reason", 0...500)
    return try await changes.make(
      Methods.cancelSubscription.path, request, as: principal, BillingV1.Subscription.self
    ) { transaction in
      let row = try await lock(id, transaction, condition, at: principal.now)
      guard
        var changed = try SubscriptionChange.cancel(row, immediately: request.immediately, now: principal.now)
      else { return Effect(row.message, version: row.version) }
      changed.updatedAt = max(principal.now, row.createdAt)
      return Effect(
        changed.message, version: row.version + 1, [SubscriptionStatements.update(changed)],
        audit: [.subscriptionCancelled(row, immediately: request.immediately, reason: request.reason)])
    }
  }

  /// The row as it is when nobody else can change it any more, in the version the caller expects if it names one.
  private func lock(
    _ id: UUID, _ transaction: Transaction, _ condition: EntityTag.Condition, at now: WallTime
  ) async throws -> SubscriptionRow {
    guard let row = try await transaction.query(SubscriptionStatements.lock(id)).only() else {
      throw ServiceError.notFound("Subscription not found")
    }
    let subscription = try SubscriptionRow(row).asOf(now)
    try condition.check(subscription.version)
    return subscription
  }
}
