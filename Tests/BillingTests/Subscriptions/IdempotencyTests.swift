import Postgres
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("A request is done once")
struct IdempotencyTests {
  private let request = BillingV1.CreateSubscriptionRequest(planID: "pro-monthly")

  @Test("the same key and request get the same answer, another request a refusal")
  func replay() async throws {
    try await withBilling { world in
      let first = try await world.client.createSubscription(request, options: try world.options(key: "k1"))
      world.time.advance(by: .seconds(60))
      let second = try await world.client.createSubscription(request, options: try world.options(key: "k1"))
      #expect(first == second)
      let other = await refusal {
        try await world.client.createSubscription(
          .init(planID: "starter-monthly"), options: (try? world.options(key: "k1")) ?? CallOptions())
      }
      #expect(other?.code == "IDEMPOTENCY_MISMATCH")
      let method = await refusal {
        try await world.client.cancelSubscription(
          .init(id: first.id), options: (try? world.options(key: "k1")) ?? CallOptions())
      }
      #expect(method?.code == "IDEMPOTENCY_MISMATCH")
      // Another user's key and another tenant's key are other keys.
      let stranger = try await world.client.createSubscription(
        request, options: try world.options(key: "k1", user: "0000000a-0000-4000-8000-000000000002"))
      let elsewhere = try await world.client.createSubscription(
        request,
        options: try world.options(tenant: DemoData.globex, key: "k1", user: "0000000a-0000-4000-8000-000000000021"))
      #expect(Set([first.id, stranger.id, elsewhere.id]).count == 3)
    }
  }

  @Test("an answer given again has the entity tag of then and says that it is one", arguments: [false, true])
  func replayed(_ isChangedBetween: Bool) async throws {
    try await withBilling { world in
      let path = BillingV1.BillingMethods.createSubscription.path
      let options = try world.options(key: "k3")
      let first = try await world.metadata(path, request.serialized(), options)
      if isChangedBetween {
        let id = try world.database.sql("SELECT id FROM billing.subscriptions ORDER BY created_at DESC LIMIT 1")
        _ = try await world.client.cancelSubscription(.init(id: id), options: world.options())
      }
      let second = try await world.metadata(path, request.serialized(), options)
      #expect(first["etag"] == "\"1\"" && second["etag"] == "\"1\"")
      #expect(first["idempotent-replayed"] == nil && second["idempotent-replayed"] == "true")
    }
  }

  @Test("a request that failed may be made again with its key")
  func failed() async throws {
    try await withBilling { world in
      let options = try world.options(key: "k2")
      let refused = await refusal {
        try await world.client.createSubscription(.init(planID: "unknown"), options: options)
      }
      #expect(refused != nil)
      _ = try await world.client.createSubscription(request, options: options)
    }
  }

  @Test("forty at once with one key make one subscription")
  func race() async throws {
    try await withBilling { world in
      let outcomes = await withTaskGroup(of: Result<String, RPCError>.self) { tasks in
        for _ in 0..<40 {
          tasks.addTask {
            do throws(RPCError) {
              let options = (try? world.options(key: "race")) ?? CallOptions()
              return .success(try await world.client.createSubscription(request, options: options).id)
            } catch {
              return .failure(error)
            }
          }
        }
        return await tasks.reduce(into: []) { $0.append($1) }
      }
      var ids = Set<String>()
      for outcome in outcomes {
        switch outcome {
        case .success(let id): ids.insert(id)
        case .failure(let error):
          let code = ServiceError(error)?.code
          #expect(code == "IDEMPOTENCY_IN_PROGRESS", "\(error)")
        }
      }
      #expect(ids.count == 1)
      let traces = try world.database.sql(
        "SELECT count(*) FROM billing.audit_events WHERE event = 'subscription.created'")
      #expect(traces == "1")
    }
  }

  @Test("thirty cancellations at once leave one trace, whoever wins")
  func cancelRace() async throws {
    try await withBilling { world in
      let made = try await world.client.createSubscription(request, options: try world.options())
      let ended = await withTaskGroup(of: Int.self) { tasks in
        for index in 0..<30 {
          tasks.addTask {
            let options = (try? world.options()) ?? CallOptions()
            let error = await refusal {
              try await world.client.cancelSubscription(
                .init(id: made.id, immediately: index % 2 == 0), options: options)
            }
            return error == nil && index % 2 == 0 ? 1 : 0
          }
        }
        return await tasks.reduce(0, +)
      }
      #expect(ended == 1)
      let found = try await world.client.getSubscription(.init(id: made.id), options: try world.options())
      #expect(found.status == .cancelled && !found.autoRenew)
    }
  }
}
