import Postgres
import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("Subscriptions")
struct SubscriptionTests {
  typealias Create = BillingV1.CreateSubscriptionRequest

  private func request(_ plan: String = "pro-monthly") -> Create { Create(planID: plan) }

  @Test("are made from the plan, are found again, and their periods follow the calendar")
  func create() async throws {
    try await withBilling { world in
      let options = try world.options()
      let made = try await world.client.createSubscription(
        Create(
          tenantID: DemoData.acme.description, planID: "pro-monthly", billingCycle: .monthly,
          currentPrice: Int64Value(9900),
          currency: "USD", autoRenew: BoolValue(true), customerID: "0000000a-0000-4000-8000-000000000003",
          metadata: ["seats": .number(3)]), options: options)
      #expect(made.status == .active && made.currentPrice == 9900 && made.currency == "USD" && !made.isTrial)
      #expect(made.tenantID == DemoData.acme.description && made.metadata == ["seats": .number(3)])
      let start = try #require(made.currentPeriodStart)
      let end = BillingPeriod.end(
        1, anchor: WallTime(microseconds: start.seconds * 1_000_000 + Int64(start.nanos) / 1000), cycle: .monthly)
      #expect(made.currentPeriodEnd == end.timestamp && made.nextBillingDate == end.timestamp && made.expiresAt == nil)
      let found = try await world.client.getSubscription(.init(id: made.id), options: options)
      #expect(found == made)
      #expect(
        try world.database.sql("SELECT event FROM billing.audit_events WHERE object_id = '\(made.id)'")
          == "subscription.created")
    }
  }

  @Test("a first period of its own length, a trial, no renewal")
  func terms() async throws {
    try await withBilling { world in
      let options = try world.options()
      let soon = world.time.clock.now.advanced(by: .seconds(5 * 86_400))
      var short = request()
      short.currentPeriodEnd = soon.timestamp
      #expect(try await world.client.createSubscription(short, options: options).currentPeriodEnd == soon.timestamp)
      var trial = request()
      trial.isTrial = true
      let made = try await world.client.createSubscription(trial, options: options)
      #expect(made.isTrial && made.trialEndsAt == made.currentPeriodEnd)
      #expect((made.trialEndsAt?.seconds ?? 0) - (made.startedAt?.seconds ?? 0) == 14 * 86_400)
      var fixed = request()
      fixed.autoRenew = BoolValue(false)
      let term = try await world.client.createSubscription(fixed, options: options)
      #expect(term.expiresAt == term.currentPeriodEnd && term.nextBillingDate == nil && !term.autoRenew)
      var unknown = request("hand-made")
      unknown.billingCycle = .yearly
      unknown.currentPrice = Int64Value(5)
      #expect(try await world.client.createSubscription(unknown, options: options).currency == "USD")
    }
  }

  /// An object of so many levels.
  private func nested(_ levels: Int) -> Struct {
    (1..<levels).reduce(Struct()) { inner, _ in ["a": .object(inner)] }
  }

  @Test("what cannot be meant is refused by the field's name")
  func refusals() async throws {
    try await withBilling { world in
      let options = try world.options()
      let past = world.time.clock.now.advanced(by: .seconds(-5)).timestamp
      let far = world.time.clock.now.advanced(by: .seconds(40 * 86_400)).timestamp
      let cases: [(Create, String)] = [
        (Create(), "planId"), (Create(planID: "unknown"), "billingCycle"),
        (Create(planID: "unknown", billingCycle: .monthly), "planId"),
        (Create(planID: "pro-monthly", billingCycle: .yearly), "billingCycle"),
        (Create(planID: "pro-monthly", currency: "EUR"), "currency"),
        (Create(planID: "pro-monthly", currency: "usd"), "currency"),
        (Create(planID: "pro-monthly", currentPrice: Int64Value(-1)), "currentPrice"),
        (Create(planID: "pro-monthly", currentPrice: Int64Value(0)), "currentPrice"),
        (Create(planID: "pro-monthly", currentPrice: Int64Value(.max)), "currentPrice"),
        (Create(planID: "pro\u{202e}", billingCycle: .monthly, currentPrice: Int64Value(1)), "planId"),
        (Create(planID: "a\nb", billingCycle: .monthly, currentPrice: Int64Value(1)), "planId"),
        (Create(planID: "pro-monthly", metadata: nested(17)), "metadata"),
        (
          Create(
            planID: "pro-monthly",
            metadata: ["a": .list(ListValue(values: [Value](repeating: .number(1), count: 8000)))]), "metadata"
        ),
        (Create(planID: "pro-monthly", currentPeriodEnd: past), "currentPeriodEnd"),
        (Create(planID: "pro-monthly", currentPeriodEnd: far), "currentPeriodEnd"),
        (Create(planID: "pro-monthly", trialEndsAt: far), "trialEndsAt"),
        (Create(planID: "enterprise-monthly", isTrial: true), "trialEndsAt"),
        (Create(planID: "pro-monthly", customerID: "nobody"), "customerId"),
        (Create(planID: "pro-monthly", customerID: UUID.random().description), "customerId"),
        (Create(planID: "pro-monthly", customerID: "0000000a-0000-4000-8000-000000000021"), "customerId"),
        (Create(planID: "nippon-monthly", currentPrice: Int64Value(100)), "currency"),
      ]
      for (request, field) in cases {
        let error = await refusal {
          try await world.client.createSubscription(request, options: options)
        }
        #expect(error?.status == .invalidArgument && error?.field == field, "\(request) \(String(describing: error))")
      }
      let inactive = await refusal {
        try await world.client.createSubscription(request("legacy-monthly"), options: options)
      }
      #expect(inactive?.code == "PLAN_INACTIVE" && inactive?.status == .failedPrecondition)
      let denied = await refusal {
        try await world.client.createSubscription(
          Create(tenantID: DemoData.globex.description, planID: "pro-monthly"), options: options)
      }
      #expect(denied?.code == "TENANT_ACCESS_DENIED")
      #expect(try world.database.sql("SELECT count(*) FROM billing.audit_events") == "0")
    }
  }

  @Test("another tenant's id, an unknown one and one that is none are not found")
  func notFound() async throws {
    try await withBilling { world in
      let globex = try world.database.sql(
        "SELECT id FROM billing.subscriptions WHERE tenant_id = '\(DemoData.globex)' LIMIT 1")
      let options = try world.options()
      for id in [globex, UUID.random().description, "x", "", "' OR true --"] {
        let get = await refusal {
          try await world.client.getSubscription(.init(id: id), options: options)
        }
        let cancel = await refusal {
          try await world.client.cancelSubscription(.init(id: id), options: options)
        }
        let update = await refusal {
          try await world.client.updateSubscription(
            .init(id: id, autoRenew: true, updateMask: FieldMask(paths: ["auto_renew"])), options: options)
        }
        #expect([get, cancel, update].allSatisfy { $0?.status == .notFound && $0?.code == "NOT_FOUND" }, "\(id)")
      }
      // A super admin may name the other tenant.
      let root = try world.options(.superAdmin, tenant: DemoData.platform, named: DemoData.globex)
      #expect(
        try await world.client.getSubscription(.init(id: globex), options: root).tenantID == DemoData.globex.description
      )
    }
  }

  @Test("lists are filtered, counted, bounded and in a stable order")
  func list() async throws {
    try await withBilling { world in
      let options = try world.options(.viewer)
      var seen: [String] = []
      for page in 1...4 as ClosedRange<Int32> {
        let reply = try await world.client.listSubscriptions(
          .init(page: Int32Value(page), limit: Int32Value(10)), options: options)
        #expect(reply.pagination == CommonV1.Pagination(page: page, limit: 10, total: 36, totalPages: 4))
        seen += reply.subscriptions.map(\.id)
      }
      #expect(seen.count == 36 && Set(seen).count == 36)
      let beyond = try await world.client.listSubscriptions(.init(page: Int32Value(99)), options: options)
      #expect(beyond.subscriptions.isEmpty && beyond.pagination?.total == 36)
      for status in [BillingV1.SubscriptionStatus.active, .cancelled, .expired, .suspended, .pastDue] {
        let reply = try await world.client.listSubscriptions(.init(status: status), options: options)
        #expect(!reply.subscriptions.isEmpty && reply.subscriptions.allSatisfy { $0.status == status })
      }
      let plan = try await world.client.listSubscriptions(
        .init(planID: "pro-monthly", billingCycle: .monthly), options: options)
      #expect(plan.pagination?.total == 6)
      let none = try await world.client.listSubscriptions(.init(startDate: "2100-01-01"), options: options)
      #expect(none.pagination == CommonV1.Pagination(page: 1, limit: 20, total: 0, totalPages: 0))
      let bad: [(BillingV1.ListSubscriptionsRequest, String)] = [
        (.init(page: Int32Value(0)), "page"), (.init(page: Int32Value(-1)), "page"),
        (.init(limit: Int32Value(0)), "limit"),
        (.init(limit: Int32Value(101)), "limit"), (.init(customerID: "x"), "customerId"),
        (.init(startDate: "yesterday"), "startDate"),
        (.init(startDate: "2025-02-30"), "startDate"),
        (.init(startDate: "2025-02-02", endDate: "2025-02-01"), "endDate"),
      ]
      for (request, field) in bad {
        let error = await refusal {
          try await world.client.listSubscriptions(request, options: options)
        }
        #expect(error?.code == "VALIDATION_ERROR" && error?.field == field)
      }
    }
  }

  @Test("are cancelled at once or at the period's end, taken up again, and end for ever")
  func cancel() async throws {
    try await withBilling { world in
      let options = try world.options()
      let made = try await world.client.createSubscription(request(), options: options)
      let ending = try await world.client.cancelSubscription(.init(id: made.id), options: options)
      #expect(ending.status == .active && !ending.autoRenew && ending.expiresAt == made.currentPeriodEnd)
      #expect(ending.cancelledAt != nil && ending.nextBillingDate == nil)
      let again = try await world.client.cancelSubscription(.init(id: made.id), options: options)
      #expect(again == ending)
      let back = try await world.client.updateSubscription(
        .init(id: made.id, autoRenew: true, updateMask: FieldMask(paths: ["auto_renew"])), options: options)
      #expect(back.autoRenew && back.cancelledAt == nil && back.expiresAt == nil)
      let over = try await world.client.cancelSubscription(
        .init(id: made.id, immediately: true, reason: "too dear"), options: options)
      #expect(over.status == .cancelled && over.expiresAt == over.cancelledAt)
      for _ in 0..<2 {
        let error = await refusal {
          try await world.client.cancelSubscription(.init(id: made.id, immediately: true), options: options)
        }
        #expect(error?.status == .failedPrecondition && error?.code == "SUBSCRIPTION_ENDED")
      }
      let update = await refusal {
        try await world.client.updateSubscription(
          .init(id: made.id, updateMask: FieldMask(paths: ["metadata"])), options: options)
      }
      #expect(update?.code == "SUBSCRIPTION_ENDED")
    }
  }

  @Test("a PATCH changes what it names and nothing else")
  func update() async throws {
    try await withBilling { world in
      let options = try world.options()
      let made = try await world.client.createSubscription(request(), options: options)
      let tagged = try await world.client.updateSubscription(
        .init(id: made.id, metadata: ["a": .null], updateMask: FieldMask(paths: ["metadata"])), options: options)
      #expect(tagged.metadata == ["a": .null] && tagged.autoRenew)
      let cleared = try await world.client.updateSubscription(
        .init(id: made.id, updateMask: FieldMask(paths: ["metadata"])), options: options)
      #expect(cleared.metadata == nil)
      for mask in [nil, FieldMask(), FieldMask(paths: ["status"]), FieldMask(paths: ["current_price", "auto_renew"])] {
        let error = await refusal {
          try await world.client.updateSubscription(.init(id: made.id, updateMask: mask), options: options)
        }
        #expect(error?.code == "VALIDATION_ERROR")
      }
    }
  }

  @Test("roles may do what the table says", arguments: Role.allCases)
  func roles(_ role: Role) async throws {
    try await withBilling { world in
      let options = try world.options(role)
      let read = await refusal {
        try await world.client.listSubscriptions(.init(), options: options)
      }
      let write = await refusal {
        try await world.client.createSubscription(request(), options: options)
      }
      let mayRead = role != .user
      let mayWrite = [.admin, .billingAdmin, .superAdmin].contains(role)
      #expect((read == nil) == mayRead && (write == nil) == mayWrite)
      #expect([read, write].compactMap { $0 }.allSatisfy { $0.code == "FORBIDDEN" && $0.status == .permissionDenied })
    }
  }
}
