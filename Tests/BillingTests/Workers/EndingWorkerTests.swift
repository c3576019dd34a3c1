import Postgres
import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("A subscription whose end has come")
struct EndingWorkerTests {
  @Test("has ended for who asks, in the list's filter too, and in the row once the worker has been there")
  func ends() async throws {
    try await withBilling { world in
      let options = try world.options()
      let made = try await world.client.createSubscription(
        .init(planID: "starter-monthly", metadata: ["mine": .bool(true)]), options: options)
      let cancelled = try await world.client.cancelSubscription(.init(id: made.id), options: options)
      #expect(cancelled.status == .active)
      world.time.advance(by: .seconds(40 * 86_400))
      let later = try world.options()
      let seen = try await world.client.getSubscription(.init(id: made.id), options: later)
      #expect(seen.status == .cancelled && seen.expiresAt == cancelled.expiresAt)
      for (status, isListed) in [(BillingV1.SubscriptionStatus.cancelled, true), (.active, false), (.expired, false)] {
        let list = try await world.client.listSubscriptions(
          .init(limit: Int32Value(100), status: status, planID: "starter-monthly"), options: later)
        #expect(list.subscriptions.contains { $0.id == made.id } == isListed, "\(status)")
        #expect(list.subscriptions.allSatisfy { $0.status == status })
      }
      let refused = await refusal {
        try await world.client.cancelSubscription(.init(id: made.id, immediately: true), options: later)
      }
      #expect(refused?.code == "SUBSCRIPTION_ENDED")
      // The worker's next turn is at most its interval away.
      var written = ""
      for _ in 0..<2400 where written != "cancelled" {
        written = try world.database.sql("SELECT status FROM billing.subscriptions WHERE id = '\(made.id)'")
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(written == "cancelled")
      #expect(
        try world.database.sql(
          """
          SELECT subject, on_behalf_of, detail->>'status' FROM billing.audit_events
          WHERE event = 'subscription.ended' AND object_id = '\(made.id)'
          """) == "service:billing||cancelled")
      #expect(try await world.client.getSubscription(.init(id: made.id), options: later).status == .cancelled)
    }
  }
}
