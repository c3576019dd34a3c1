internal import Postgres
internal import Protobuf
internal import RPC
internal import Schema
internal import ServiceKit

extension BillingHandlers {
  func pageOfSubscriptions(
    _ request: BillingV1.ListSubscriptionsRequest, _ call: ServerCall
  ) async throws -> BillingV1.ListSubscriptionsResponse {
    let page = try Page(page: request.page, limit: request.limit)
    let filter = SubscriptionStatements.Filter(
      status: try Validation.status(request.status), planID: request.planID.isEmpty ? nil : request.planID,
      cycle: request.billingCycle == .unspecified ? nil : try Validation.cycle(request.billingCycle),
      customer: try Validation.customer(request.customerID),
      range: try DateRange(startDate: request.startDate, endDate: request.endDate))
    let answers = try await reads.all(
      [SubscriptionStatements.count(filter), SubscriptionStatements.list(filter, page)], call)
    return BillingV1.ListSubscriptionsResponse(
      subscriptions: try answers[1].map { try SubscriptionRow($0).message },
      pagination: page.pagination(total: try answers[0].one()[0, as: Int64.self]))
  }

  func createSubscription(
    _ request: BillingV1.CreateSubscriptionRequest, _ call: ServerCall, _ change: Change
  ) async throws -> BillingV1.Subscription {
    if !request.tenantID.isEmpty, UUID(request.tenantID) != change.tenant { throw ServiceError.tenantDenied }
    try Validation.text(request.planID, field: "planId", 1...Validation.longestPlanID)
    let customer = try Validation.customer(request.customerID)
    let metadata = try request.metadata.map { metadata throws(ServiceError) in try Validation.metadata(metadata) }
    do {
      return try await changes.make(request, call, change, BillingV1.Subscription.self) { transaction in
        let plan = try await transaction.query(PlanStatements.find(request.planID)).only().map { try PlanRow($0) }
        let terms = try SubscriptionTerms(request, plan: plan, now: change.now)
        let row = SubscriptionRow(
          tenant: change.tenant, planID: request.planID, terms: terms, customer: customer, metadata: metadata,
          now: change.now)
        let detail = ["planId": Value.string(row.planID), "overridesPrice": .bool(terms.overridesPrice)]
        return Changes.Effect(
          statements: [
            SubscriptionStatements.insert(row),
            try AuditEvent.subscriptionCreated.statement(row.id.description, detail: detail, change),
          ], response: row.message, version: row.version)
      }
    } catch DatabaseError.constraint(.foreignKey, "subscriptions_tenant_id_customer_id_fkey") {
      throw ServiceError.validation("customerId: the tenant has no such user", field: "customerId")
    } catch DatabaseError.constraint(.check, "subscriptions_metadata_check") {
      throw Validation.metadataTooLong
    }
  }

  func updateSubscription(
    _ request: BillingV1.UpdateSubscriptionRequest, _ call: ServerCall, _ change: Change
  ) async throws -> BillingV1.Subscription {
    let id = try Validation.id(request.id, "Subscription")
    let fields = try UpdateMask.fields(request.updateMask, of: ["auto_renew", "metadata"])
    let metadata = try request.metadata.map { metadata throws(ServiceError) in try Validation.metadata(metadata) }
    do {
      return try await changes.make(request, call, change, BillingV1.Subscription.self) { transaction in
        var row = try await lock(id, transaction, call)
        try SubscriptionChange.refuseEnded(row)
        if fields.contains("auto_renew") {
          row = try SubscriptionChange.setAutoRenew(row, request.autoRenew, now: change.now)
        }
        if fields.contains("metadata") { row.metadata = metadata?.text }
        row.updatedAt = max(change.now, row.createdAt)
        let detail = ["fields": Value.list(ListValue(values: fields.sorted().map { .string($0) }))]
        return Changes.Effect(
          statements: [
            SubscriptionStatements.update(row),
            try AuditEvent.subscriptionUpdated.statement(row.id.description, detail: detail, change),
          ], response: row.message, version: row.version + 1)
      }
    } catch DatabaseError.constraint(.check, "subscriptions_metadata_check") {
      throw Validation.metadataTooLong
    }
  }

  func cancelSubscription(
    _ request: BillingV1.CancelSubscriptionRequest, _ call: ServerCall, _ change: Change
  ) async throws -> BillingV1.Subscription {
    let id = try Validation.id(request.id, "Subscription")
    try Validation.text(request.reason, field: "reason", 0...500)
    return try await changes.make(request, call, change, BillingV1.Subscription.self) { transaction in
      let row = try await lock(id, transaction, call)
      guard var changed = try SubscriptionChange.cancel(row, immediately: request.immediately, now: change.now) else {
        return Changes.Effect(statements: [], response: row.message, version: row.version)
      }
      changed.updatedAt = max(change.now, row.createdAt)
      let detail = ["immediately": Value.bool(request.immediately), "reason": .string(request.reason)]
      return Changes.Effect(
        statements: [
          SubscriptionStatements.update(changed),
          try AuditEvent.subscriptionCancelled.statement(row.id.description, detail: detail, change),
        ], response: changed.message, version: row.version + 1)
    }
  }

  /// The row as it is when nobody else can change it any more, in the version the caller expects if it names one.
  private func lock(_ id: UUID, _ transaction: Transaction, _ call: ServerCall) async throws -> SubscriptionRow {
    guard let row = try await transaction.query(SubscriptionStatements.lock(id)).only() else {
      throw ServiceError.notFound("Subscription not found")
    }
    let subscription = try SubscriptionRow(row)
    try EntityTag.check(subscription.version, call)
    return subscription
  }
}
