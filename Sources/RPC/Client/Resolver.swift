internal import Reactor

/// When a channel looks its name up: before its first call, now and then while calls are made, and when connections fail. Pure: told the
/// time and the chance.
struct Resolver {
  enum Action: Equatable {
    case none
    case lookUp
    /// Say `waitOver` after this time.
    case wait(Duration)
  }

  private enum State {
    case idle
    case lookingUp
    case waiting
  }

  private var state = State.idle
  private var backoff: Backoff
  private let interval: Duration?
  private var lastLookup: Instant?
  /// Why the last look-up failed.
  private(set) var failure: String?
  /// When a call is reason to look the name up; `.max` for addresses that never change.
  private(set) var due: Instant

  /// Failures of connections make a channel look the name up again after this time at the earliest.
  static let minimumInterval = Duration.seconds(1)

  /// - Parameter interval: how old an answer may get while calls are made; nil when there is nothing to look up.
  init(interval: Duration?, backoff: Backoff) {
    self.interval = interval
    self.backoff = backoff
    due = Instant(nanoseconds: interval == nil ? .max : .min)
  }

  /// Whether an answer may come without anybody asking again.
  var isLookingUp: Bool { state == .lookingUp }

  /// A call was made at `due` or later.
  mutating func wanted(now: Instant) -> Action {
    guard now >= due, state == .idle else { return .none }
    state = .lookingUp
    lastLookup = now
    due = Instant(nanoseconds: .max)
    return .lookUp
  }

  mutating func found(now: Instant) {
    state = .idle
    failure = nil
    backoff.succeeded()
    due = interval.map { now.advanced(by: $0) } ?? Instant(nanoseconds: .max)
  }

  /// What was found before is still good.
  mutating func failed(_ reason: String, chance: Double) -> Action {
    state = .waiting
    failure = reason
    return .wait(backoff.failed(chance: chance))
  }

  mutating func waitOver() {
    guard state == .waiting else { return }
    state = .idle
    due = Instant(nanoseconds: .min)
  }

  /// A connection failed: the name may lead elsewhere by now.
  mutating func connectionFailed(now: Instant) {
    guard interval != nil, state == .idle, let lastLookup else { return }
    due = min(due, max(now, lastLookup.advanced(by: Self.minimumInterval)))
  }
}
