internal import Postgres
internal import ServiceKit
internal import Synchronization

/// Of which super admin's session the audit trail tells already that it acts in which other tenant, so that it is not told with every
/// check. What is forgotten here is only told once more.
final class TenantCrossings: Sendable {
  private struct Crossing: Hashable {
    let session: UUID
    let tenant: TenantID
  }

  private static let capacity = 10_000

  private let told = Mutex<Set<Crossing>>([])

  func wasTold(session: UUID, tenant: TenantID) -> Bool {
    told.withLock { $0.contains(Crossing(session: session, tenant: tenant)) }
  }

  func remember(session: UUID, tenant: TenantID) {
    told.withLock { told in
      if told.count >= Self.capacity { told.removeAll() }
      told.insert(Crossing(session: session, tenant: tenant))
    }
  }
}
