import Postgres
import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("Who calls decides what is seen")
struct CallerTests {
  private typealias Method = @Sendable (BillingWorld, CallOptions, Target) async throws(RPCError) -> Void

  /// What a call is about.
  private struct Target {
    let subscription: String
    let plan: String
  }

  /// Every method of the service by its name: the next one without a line here is reported.
  private static let methods: [String: Method] = [
    "ListPlans": { (world, options, _) async throws(RPCError) in
      _ = try await world.client.listPlans(.init(), options: options)
    },
    "GetPlan": { (world, options, target) async throws(RPCError) in
      _ = try await world.client.getPlan(.init(id: target.plan), options: options)
    },
    "CreatePlan": { (world, options, _) async throws(RPCError) in
      _ = try await world.client.createPlan(
        .init(id: "new-plan", name: "New", billingCycle: .monthly, price: 100, currency: "USD"), options: options)
    },
    "UpdatePlan": { (world, options, target) async throws(RPCError) in
      _ = try await world.client.updatePlan(
        .init(id: target.plan, name: "Changed", updateMask: FieldMask(paths: ["name"])), options: options)
    },
    "ListSubscriptions": { (world, options, _) async throws(RPCError) in
      _ = try await world.client.listSubscriptions(.init(), options: options)
    },
    "GetSubscription": { (world, options, target) async throws(RPCError) in
      _ = try await world.client.getSubscription(.init(id: target.subscription), options: options)
    },
    "CreateSubscription": { (world, options, _) async throws(RPCError) in
      _ = try await world.client.createSubscription(
        .init(planID: "some-plan", billingCycle: .monthly, currentPrice: Int64Value(100), currency: "USD"),
        options: options)
    },
    "UpdateSubscription": { (world, options, target) async throws(RPCError) in
      _ = try await world.client.updateSubscription(
        .init(id: target.subscription, metadata: ["a": .null], updateMask: FieldMask(paths: ["metadata"])),
        options: options)
    },
    "CancelSubscription": { (world, options, target) async throws(RPCError) in
      _ = try await world.client.cancelSubscription(.init(id: target.subscription), options: options)
    },
  ]

  /// A living subscription and a plan of a tenant.
  private func target(_ world: BillingWorld, _ tenant: UUID) throws -> Target {
    try world.database.sql(
      """
      INSERT INTO billing.plans (tenant_id, id, name, billing_cycle, price, currency, created_at, updated_at)
      VALUES ('\(tenant)', 'own-\(tenant)', 'Own', 'monthly', 1, 'USD', now(), now()) ON CONFLICT DO NOTHING
      """)
    return Target(
      subscription: try world.database.sql(
        "SELECT id FROM billing.subscriptions WHERE tenant_id = '\(tenant)' AND status = 'active' ORDER BY id LIMIT 1"),
      plan: "own-\(tenant)")
  }

  /// Everything that billing has of a tenant, as one text.
  private func contents(_ world: BillingWorld, _ tenant: UUID) throws -> String {
    try world.database.sql(
      """
      SELECT md5(string_agg(line, '' ORDER BY line)) FROM (
        SELECT p::text FROM billing.plans p WHERE tenant_id = '\(tenant)'
        UNION ALL SELECT s::text FROM billing.subscriptions s WHERE tenant_id = '\(tenant)'
        UNION ALL SELECT k::text FROM billing.idempotency_keys k WHERE tenant_id = '\(tenant)'
        UNION ALL SELECT a::text FROM billing.audit_events a WHERE tenant_id = '\(tenant)') AS all_of_it (line)
      """)
  }

  @Test(
    "every method, by every role: what the role may not do is 403, another tenant's thing is 404 and stays as it was")
  func everyMethodByEveryRole() async throws {
    try await withBilling { world in
      let policies = MethodPolicies.all.filter { $0.key.hasPrefix("/cloudbill.billing.v1.Billing/") }
      #expect(
        Set(policies.keys.compactMap { $0.split(separator: "/").last.map(String.init) }) == Set(Self.methods.keys))
      let foreign = try target(world, DemoData.globex)
      let own = try target(world, DemoData.acme)
      let before = try contents(world, DemoData.globex)
      for role in Role.allCases where role != .superAdmin {
        for (name, method) in Self.methods {
          guard case .permission(let text) = policies["/cloudbill.billing.v1.Billing/\(name)"]?.access,
            let permission = Permission(text)
          else {
            Issue.record("\(name) asks for no permission")
            continue
          }
          let options = try world.options(role)
          let naming = try world.options(role, named: DemoData.globex)
          let onForeign = await refusal { try await method(world, options, foreign) }
          let onOwn = await refusal { try await method(world, options, own) }
          let asForeign = await refusal { try await method(world, naming, foreign) }
          #expect(asForeign == .tenantDenied, "\(role) \(name)")
          if role.grants(permission) {
            let hasTarget = name.hasPrefix("Get") || name.hasPrefix("Update") || name.hasPrefix("Cancel")
            // The second administrator finds what the first has made or cancelled.
            #expect(
              hasTarget ? onForeign?.code == "NOT_FOUND" : [nil, "ALREADY_EXISTS"].contains(onForeign?.code),
              "\(role) \(name)")
            #expect([nil, "ALREADY_EXISTS", "SUBSCRIPTION_ENDED"].contains(onOwn?.code), "\(role) \(name)")
          } else {
            #expect(onForeign == .forbidden && onOwn == .forbidden, "\(role) \(name)")
          }
        }
      }
      #expect(try contents(world, DemoData.globex) == before)
    }
  }

  @Test("a super admin who names a tenant that there is not is refused and leaves nothing")
  func unknownTenant() async throws {
    try await withBilling { world in
      let target = try target(world, DemoData.globex)
      for (name, method) in Self.methods {
        let options = try world.options(
          .superAdmin, tenant: DemoData.platform, named: UUID.random(), key: "key-\(name)")
        let refused = await refusal { try await method(world, options, target) }
        // A thing that is looked for first is not there.
        let isMissing = name.hasPrefix("Update") || name.hasPrefix("Cancel")
        #expect(refused?.code == (isMissing ? "NOT_FOUND" : "TENANT_ACCESS_DENIED"), "\(name)")
      }
      #expect(try world.database.sql("SELECT count(*) FROM billing.idempotency_keys") == "0")
    }
  }

  @Test("a super admin in another tenant is told in that tenant's trail, whatever it does there")
  func crossing() async throws {
    try await withBilling { world in
      let target = try target(world, DemoData.globex)
      for (name, method) in Self.methods {
        let options = try world.options(.superAdmin, tenant: DemoData.platform, named: DemoData.globex)
        let count = "SELECT count(*) FROM billing.audit_events WHERE tenant_id = '\(DemoData.globex)' AND cross_tenant"
        let before = try #require(Int(world.database.sql(count)))
        let refused = await refusal { try await method(world, options, target) }
        #expect(refused == nil, "\(name)")
        #expect(try world.database.sql(count) == "\(before + 1)", "\(name)")
      }
    }
  }
}
