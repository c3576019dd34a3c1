internal import Postgres
internal import ServiceKit
internal import Synchronization

/// Which super admin's session has already been seen in which other tenant, so that the audit trail tells it once and not with every
/// check. What is forgotten here is only told once more.
final class TenantCrossings: Sendable {
  private struct Crossing: Hashable {
    let session: UUID
    let tenant: TenantID
  }

  private static let capacity = 10_000

  private let seen = Mutex<Set<Crossing>>([])

  func isNew(session: UUID, tenant: TenantID) -> Bool {
    seen.withLock { seen in
      if seen.count >= Self.capacity { seen.removeAll() }
      return seen.insert(Crossing(session: session, tenant: tenant)).inserted
    }
  }
}
