internal import Postgres
internal import Protobuf
internal import Reactor
internal import Schema
internal import ServiceKit

/// Writes down that a subscription has ended when its end has come. Readers see it from that moment on (`SubscriptionRow.asOf`); the row,
/// its version and the audit trail say so when the worker has been there.
struct EndingWorker: Sendable {
  /// What it does, in the audit trail and as the operation of its changes.
  static let operation = "billing.end_subscription"
  private static let interval: Duration = .seconds(5)
  private static let mostInTurn: Int32 = 100
  private static let patience: Duration = .seconds(10)

  private let database: Database
  private let changes: Changes
  private let clock: WallClock

  init(_ context: ServiceContext) {
    database = context.database
    changes = context.changes
    clock = context.clock
  }

  var worker: Worker { Worker(name: "endings", interval: Self.interval) { try await turn() } }

  private func turn() async throws -> Worker.Turn {
    let now = clock.now
    let due = try await database.unscoped(
      deadline: .after(Self.patience),
      SubscriptionStatements.ended(SubscriptionStatements.Ended(at: now, most: Self.mostInTurn))
    ) { try $0.all(TenantRow.self) }
    for row in due {
      guard !Task.isCancelled else { break }
      try await end(
        row.id, as: Principal(service: "billing", tenant: row.tenant, deadline: .after(Self.patience), now: now))
    }
    return due.isEmpty ? .idle : .didWork
  }

  /// Nothing happens to one that was written down, or taken up again, since it was found.
  private func end(_ id: UUID, as principal: Principal) async throws {
    _ = try await changes.make(
      Self.operation, StringValue(id.description), as: principal, BillingV1.Subscription.self
    ) { transaction in
      guard let found = try await transaction.query(SubscriptionStatements.lock(id)).only() else {
        return Effect(BillingV1.Subscription(), version: nil)
      }
      let row = try SubscriptionRow(found)
      var ended = row.asOf(principal.now)
      guard ended.status != row.status else { return Effect(row.message, version: row.version) }
      ended.autoRenew = false
      ended.updatedAt = max(principal.now, row.createdAt)
      return Effect(
        ended.message, version: row.version + 1, [SubscriptionStatements.update(ended)],
        audit: [.subscriptionEnded(ended)])
    }
  }
}
