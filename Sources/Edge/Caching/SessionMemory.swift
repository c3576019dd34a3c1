internal import Reactor
internal import ServiceKit

/// What is remembered of sessions: by session id and by the tenant that is acted in, for a time, and no longer than a change is told of. A
/// value without a clock.
///
/// A check takes time, and a change may be told of while it is under way: what it brings back may then be older than the change and is not
/// to be used.
struct SessionMemory<Value> {
  /// Whose session it is.
  struct Owner: Hashable {
    let session: String
    let user: String
    let tenant: String

    func isMeant(by change: SessionChange) -> Bool {
      switch change {
      case .session(let id): id == session
      case .user(let id): id == user
      case .tenant(let id): id == tenant
      }
    }
  }

  /// A check that is under way.
  struct Check {
    fileprivate let owner: Owner
    fileprivate let tenant: String
    fileprivate let generation: Int
  }

  private struct Known {
    let owner: Owner
    /// By the tenant that is acted in; nearly always there is one, the user's own.
    var values: [(tenant: String, until: Instant, value: Value)]
  }

  private struct UnderWay {
    var checks = 0
    /// Counts the changes told of while checks are under way.
    var generation = 0
  }

  /// Tenants that one session is remembered to act in. The ones used longest ago are forgotten.
  private static var mostTenants: Int { 8 }

  private var known: ByteKeyedCache<Known>
  private var underWay: [Owner: UnderWay] = [:]

  /// - Parameter capacity: sessions that are remembered.
  init(capacity: Int) {
    known = ByteKeyedCache(capacity: capacity)
  }

  /// What is remembered of a session that acts in the tenant; nil when it has to be asked about.
  /// - Parameter session: the bytes of the session's id.
  mutating func value(session: ArraySlice<UInt8>, tenant: String, now: Instant) -> Value? {
    known.value(for: session)?.values.first { $0.tenant == tenant && $0.until > now }?.value
  }

  /// Notes that a session is asked about.
  mutating func beginCheck(_ owner: Owner, tenant: String) -> Check {
    underWay[owner, default: UnderWay()].checks += 1
    return Check(owner: owner, tenant: tenant, generation: underWay[owner]?.generation ?? 0)
  }

  /// Notes that a check is over.
  /// - Parameters:
  ///   - value: what it brought, and until when that may be relied on; nil when it brought nothing that is to be remembered.
  /// - Returns: false when a change was told of meanwhile: what the check brought is not to be used.
  mutating func finish(_ check: Check, _ value: (value: Value, until: Instant)?) -> Bool {
    guard var state = underWay[check.owner] else { return false }
    let isCurrent = state.generation == check.generation
    state.checks -= 1
    underWay[check.owner] = state.checks > 0 ? state : nil
    if isCurrent, let value { remember(check, value) }
    return isCurrent
  }

  private mutating func remember(_ check: Check, _ value: (value: Value, until: Instant)) {
    let key = Array(check.owner.session.utf8)[...]
    var entry = known.value(for: key) ?? Known(owner: check.owner, values: [])
    entry.values.removeAll { $0.tenant == check.tenant }
    if entry.values.count >= Self.mostTenants { entry.values.removeFirst() }
    entry.values.append((check.tenant, value.until, value.value))
    known.insert(entry, for: key)
  }

  /// Forgets what a change is about, and sees to it that no check under way brings it back.
  mutating func forget(_ change: SessionChange) {
    if case .session(let id) = change {
      known.remove(Array(id.utf8)[...])
    } else {
      known.removeAll { $0.owner.isMeant(by: change) || $0.values.contains { .tenant($0.tenant) == change } }
    }
    for owner in underWay.keys where owner.isMeant(by: change) || change.isOfTenant {
      underWay[owner]?.generation += 1
    }
  }
}

extension SessionChange {
  /// Such a change may also be about who acts in the tenant without being of it.
  fileprivate var isOfTenant: Bool {
    if case .tenant = self { true } else { false }
  }
}
