import Postgres
import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Synchronization
import Testing

@testable import Billing

@Suite("Whatever happens to the database")
struct LostConnectionTests {
  private final class Killer: Sendable {
    let isDone = Atomic<Bool>(false)
    let kills = Atomic<Int>(0)
  }

  /// Asks with one key until there is an answer, as a careful caller does.
  private static func insist(_ world: BillingWorld, _ key: String) async throws -> BillingV1.Subscription? {
    for _ in 0..<2000 {
      do throws(RPCError) {
        let options = (try? world.options(key: key)) ?? CallOptions()
        return try await world.client.createSubscription(.init(planID: "pro-monthly"), options: options)
      } catch {
        let code = ServiceError(error)?.code
        guard let code, ["SERVICE_UNAVAILABLE", "IDEMPOTENCY_IN_PROGRESS"].contains(code) else {
          Issue.record("\(error)")
          return nil
        }
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    return nil
  }

  @Test(
    "its connections are killed again and again under keyed requests: each is done once, and its answer is the truth")
  func killed() async throws {
    try await withBilling { world in
      let before = try #require(Int(world.database.sql("SELECT count(*) FROM billing.subscriptions")))
      let killer = Killer()
      let made = try await withThrowingTaskGroup(of: BillingV1.Subscription?.self) { tasks in
        tasks.addTask {
          for _ in 0..<20 where !killer.isDone.load(ordering: .relaxed) {
            let count = try world.database.sql(
              "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '\(world.database.login("billing"))'"
            )
            killer.kills.add(Int(count) ?? 0, ordering: .relaxed)
          }
          return nil
        }
        for number in 0..<40 {
          tasks.addTask {
            var last: BillingV1.Subscription?
            for round in 0..<3 { last = try await Self.insist(world, "\(number)-\(round)") }
            return last
          }
        }
        let made = try await tasks.reduce(into: [BillingV1.Subscription]()) { if let one = $1 { $0.append(one) } }
        killer.isDone.store(true, ordering: .relaxed)
        return made
      }
      #expect(killer.kills.load(ordering: .relaxed) > 0)
      #expect(made.count == 40)
      let after = try #require(Int(world.database.sql("SELECT count(*) FROM billing.subscriptions")))
      #expect(after - before == 120)
      let traces = try world.database.sql(
        "SELECT count(DISTINCT object_id) || ' ' || count(*) FROM billing.audit_events WHERE event = 'subscription.created'"
      )
      #expect(traces == "120 120")
      for one in made {
        #expect(try await world.client.getSubscription(.init(id: one.id), options: world.options()) == one)
      }
    }
  }

  @Test("a clock that goes back between two requests spoils neither")
  func clockGoesBack() async throws {
    try await withBilling { world in
      let made = try await world.client.createSubscription(.init(planID: "pro-monthly"), options: world.options())
      world.time.advance(by: .seconds(-30))
      let patched = try await world.client.updateSubscription(
        .init(id: made.id, autoRenew: false, updateMask: FieldMask(paths: ["auto_renew"])), options: world.options())
      #expect(patched.updatedAt == made.createdAt)
      let ended = try await world.client.cancelSubscription(
        .init(id: made.id, immediately: true), options: world.options())
      #expect(ended.status == .cancelled)
    }
  }
}
