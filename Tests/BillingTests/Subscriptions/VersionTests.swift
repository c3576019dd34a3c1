import Postgres
import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("Who names a version changes only what it has seen")
struct VersionTests {
  private static func patch(
    _ world: BillingWorld, _ id: String, _ tag: String, key: String? = nil, name: String = "x"
  ) async -> ServiceError? {
    await refusal {
      var options = (try? world.options(key: key)) ?? CallOptions()
      options.metadata.append(tag, for: "if-match")
      _ = try await world.client.updateSubscription(
        .init(id: id, metadata: ["by": .string(name)], updateMask: FieldMask(paths: ["metadata"])), options: options)
    }
  }

  @Test("of twenty changes of one version at once one is made, and the others are told")
  func race() async throws {
    try await withBilling { world in
      let made = try await world.client.createSubscription(.init(planID: "pro-monthly"), options: world.options())
      let codes = await withTaskGroup(of: String?.self) { tasks in
        for number in 0..<20 {
          tasks.addTask { await Self.patch(world, made.id, "\"1\"", name: "\(number)")?.code }
        }
        return await tasks.reduce(into: [:]) { counts, code in counts[code ?? "", default: 0] += 1 }
      }
      #expect(codes == ["": 1, "VERSION_MISMATCH": 19])
      #expect(try world.database.sql("SELECT version FROM billing.subscriptions WHERE id = '\(made.id)'") == "2")
      // A change and a cancellation that have both seen the same: one of them.
      let (patched, cancelled) = await (
        Self.patch(world, made.id, "\"2\""),
        refusal {
          var options = (try? world.options()) ?? CallOptions()
          options.metadata.append("\"2\"", for: "if-match")
          _ = try await world.client.cancelSubscription(.init(id: made.id), options: options)
        }
      )
      #expect((patched == nil) != (cancelled == nil))
      #expect([patched, cancelled].compactMap { $0 } == [EntityTag.mismatch])
    }
  }

  @Test("any of several tags counts, a weak one never; what is none is refused; an answer given again asks for nothing")
  func tags() async throws {
    try await withBilling { world in
      let made = try await world.client.createSubscription(.init(planID: "pro-monthly"), options: world.options())
      for tag in ["\"0\"", "W/\"1\"", "\"01\"", "\"\"", "W/\"1\", \"2\""] {
        #expect(await Self.patch(world, made.id, tag) == EntityTag.mismatch, "\(tag)")
      }
      for tag in ["1", "\"1", "\"1\" \"2\"", "\"1\",", "W/", "\"1\"\""] {
        let refused = await Self.patch(world, made.id, tag)
        #expect(refused?.code == "VALIDATION_ERROR" && refused?.field == "If-Match", "\(tag)")
      }
      #expect(await Self.patch(world, made.id, " \"7\" , \"1\"", key: "once") == nil)
      #expect(await Self.patch(world, made.id, " \"7\" , \"1\"", key: "once") == nil)
      #expect(await Self.patch(world, made.id, "*") == nil)
      #expect(await Self.patch(world, UUID.random().description, "\"1\"")?.code == "NOT_FOUND")
    }
  }

  @Test("a row is told with its version, a changed one with the next")
  func told() async throws {
    try await withBilling { world in
      func tag(_ method: String, _ message: some Message) async throws -> String? {
        try await world.tag("/cloudbill.billing.v1.Billing/\(method)", message.serialized())
      }
      let plan = BillingV1.CreatePlanRequest(
        id: "p", name: "P", billingCycle: .monthly, price: 1, currency: "USD")
      #expect(try await tag("CreatePlan", plan) == "\"1\"")
      let change = BillingV1.UpdatePlanRequest(id: "p", name: "Q", updateMask: FieldMask(paths: ["name"]))
      #expect(try await tag("UpdatePlan", change) == "\"2\"")
      #expect(try await tag("GetPlan", BillingV1.GetPlanRequest(id: "p")) == "\"2\"")
      let made = try await world.client.createSubscription(.init(planID: "p"), options: world.options())
      #expect(try await tag("CancelSubscription", BillingV1.CancelSubscriptionRequest(id: made.id)) == "\"2\"")
      // Asked for again it is as it was.
      #expect(try await tag("CancelSubscription", BillingV1.CancelSubscriptionRequest(id: made.id)) == "\"2\"")
      #expect(try await tag("GetSubscription", BillingV1.GetSubscriptionRequest(id: made.id)) == "\"2\"")
    }
  }
}
