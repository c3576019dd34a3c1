import Postgres
import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("Plans")
struct PlanTests {
  @Test("are added, listed, found and changed; never twice with one id")
  func lifecycle() async throws {
    try await withBilling { world in
      let options = try world.options(.billingAdmin)
      let made = try await world.client.createPlan(
        .init(id: "team-monthly", name: "Team", billingCycle: .monthly, price: 4900, currency: "EUR", trialDays: 7),
        options: options)
      #expect(made.active && made.tenantID == DemoData.acme.description)
      #expect(try await world.client.getPlan(.init(id: "team-monthly"), options: options) == made)
      let twice = await refusal {
        try await world.client.createPlan(
          .init(id: "team-monthly", name: "Team", billingCycle: .monthly, price: 1, currency: "EUR"), options: options)
      }
      #expect(twice?.status == .alreadyExists && twice?.field == "id")
      let changed = try await world.client.updatePlan(
        .init(
          id: "team-monthly", description: "For ten.", active: false,
          updateMask: FieldMask(paths: ["description", "active"])),
        options: options)
      #expect(changed.name == "Team" && changed.description == "For ten." && !changed.active && changed.trialDays == 7)
      let active = try await world.client.listPlans(.init(active: BoolValue(true)), options: options)
      #expect(active.plans.count == 5 && !active.plans.contains { $0.id == "team-monthly" })
      let all = try await world.client.listPlans(.init(), options: options)
      #expect(all.pagination?.total == 7 && all.plans.first?.id == "team-monthly")
      let globex = try world.options(tenant: DemoData.globex)
      let foreign = await refusal {
        try await world.client.getPlan(.init(id: "team-monthly"), options: globex)
      }
      #expect(foreign?.status == .notFound)
    }
  }

  @Test("all that is wrong is told at once, the first in the status, before the handler runs")
  func allAtOnce() async throws {
    try await withBilling { world in
      let options = try world.options()
      let error = await refusal {
        try await world.client.createPlan(
          .init(id: "Pro", billingCycle: .unrecognized(9), trialDays: -1), options: options)
      }
      #expect(error?.code == "VALIDATION_ERROR" && error?.field == "id")
      #expect(error?.message == "id: expected lower-case letters, digits and hyphens")
      #expect(
        error?.violations.map { "\($0.field) \($0.rule)" } == [
          "id string.pattern", "name required", "billingCycle enum.defined_only", "price required", "currency required",
          "trialDays int32.gte_lte",
        ])
    }
  }

  @Test("a free plan says so")
  func free() async throws {
    try await withBilling { world in
      let made = try await world.client.createPlan(
        .init(id: "free", name: "Free", billingCycle: .monthly, price: 0, currency: "USD"),
        options: try world.options(.billingAdmin))
      #expect(made.price == 0)
    }
  }

  @Test("what cannot be meant is refused by the field's name")
  func refusals() async throws {
    try await withBilling { world in
      let options = try world.options()
      let good = BillingV1.CreatePlanRequest(
        id: "x", name: "X", billingCycle: .monthly, price: 1, currency: "USD", trialDays: 0)
      func with(_ change: (inout BillingV1.CreatePlanRequest) -> Void) -> BillingV1.CreatePlanRequest {
        var request = good
        change(&request)
        return request
      }
      let cases: [(BillingV1.CreatePlanRequest, String)] = [
        (with { $0.id = "" }, "id"), (with { $0.id = "Pro" }, "id"), (with { $0.id = "-x" }, "id"),
        (with { $0.id = String(repeating: "a", count: 101) }, "id"), (with { $0.name = "" }, "name"),
        (with { $0.name = String(repeating: "ä", count: 256) }, "name"),
        (with { $0.billingCycle = .unspecified }, "billingCycle"),
        (with { $0.billingCycle = .unrecognized(9) }, "billingCycle"), (with { $0.price = -1 }, "price"),
        (with { $0.price = nil }, "price"), (with { $0.price = 1_000_000_000_000 }, "price"),
        (with { $0.id = "a\nb" }, "id"), (with { $0.name = " \u{a0}\u{3000}" }, "name"),
        (with { $0.name = "a\nb" }, "name"), (with { $0.name = "a\u{202e}b" }, "name"),
        (with { $0.description = "a\u{2066}b" }, "description"), (with { $0.currency = "\u{212a}WD" }, "currency"),
        (with { $0.currency = "" }, "currency"), (with { $0.currency = "EURO" }, "currency"),
        (with { $0.trialDays = -1 }, "trialDays"), (with { $0.trialDays = 731 }, "trialDays"),
      ]
      for (request, field) in cases {
        let error = await refusal {
          try await world.client.createPlan(request, options: options)
        }
        #expect(error?.status == .invalidArgument && error?.field == field, "\(field) \(String(describing: error))")
      }
    }
  }
}
