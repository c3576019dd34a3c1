internal import Reactor

/// What a channel knows of one address: the state of its connection, when to try again, what has happened so far. Pure: told the time.
struct Subchannel {
  enum State: Equatable {
    /// No connection, and nobody has asked for one.
    case idle
    /// The TCP connection is being made, or the server has not said its first SETTINGS.
    case connecting
    /// The server has spoken HTTP/2: calls may be sent.
    case ready
    /// No attempt before the wait is over.
    case backingOff
  }

  enum Action: Equatable {
    case none
    case connect
    /// Say `waitOver` after this time.
    case wait(Duration)
  }

  private(set) var state = State.idle
  /// Why the last attempt failed, for the errors of calls.
  private(set) var failure: String?
  /// Connections that became ready, and attempts that did not.
  private(set) var connections = 0
  private(set) var failures = 0
  private var backoff: Backoff
  private var attemptStart: Instant?
  /// When a connection ended in order, as those of a server do that is about to restart; nil once there was another one.
  private var endedInOrder: Instant?

  init(backoff: Backoff) {
    self.backoff = backoff
  }

  /// What is left of the time between two attempts. A server that takes connections and closes them at once is not asked in a tight loop.
  private func rest(now: Instant) -> Duration? {
    guard let attemptStart, failures > 0 || connections > 0 else { return nil }
    let rest = now.duration(to: attemptStart.advanced(by: backoff.initial))
    return rest > .zero ? rest : nil
  }

  /// Whether `wanted` begins no attempt now.
  func mustWait(now: Instant) -> Bool {
    state == .backingOff || (state == .idle && rest(now: now) != nil)
  }

  /// A call wants a connection.
  mutating func wanted(now: Instant) -> Action {
    guard state == .idle else { return .none }
    if let rest = rest(now: now) {
      state = .backingOff
      return .wait(rest)
    }
    state = .connecting
    attemptStart = now
    return .connect
  }

  /// The server has spoken.
  mutating func becameReady() {
    state = .ready
    connections += 1
    failure = nil
    endedInOrder = nil
    backoff.succeeded()
  }

  /// The attempt failed before the server had spoken.
  mutating func attemptFailed(_ reason: String, chance: Double) -> Action {
    guard state == .connecting else { return .none }
    failures += 1
    failure = reason
    state = .backingOff
    return .wait(backoff.failed(chance: chance))
  }

  /// The attempt is not needed any more.
  mutating func attemptDropped() {
    guard state == .connecting else { return }
    state = .idle
    attemptStart = nil
  }

  /// The connection takes no more calls, or has ended.
  /// - Parameter inOrder: the server said so (GOAWAY without an error), or closed between calls.
  mutating func ended(inOrder: Bool, now: Instant) {
    guard state == .ready else { return }
    state = .idle
    if inOrder { endedInOrder = now }
  }

  mutating func waitOver() {
    guard state == .backingOff else { return }
    state = .idle
  }

  /// Whether the server left in order less than `grace` ago and has not come back: it restarts, and calls do well to wait.
  func isRestarting(now: Instant, grace: Duration) -> Bool {
    endedInOrder.map { now < $0.advanced(by: grace) } ?? false
  }

  /// How long `isRestarting` stays true.
  func restartTime(now: Instant, grace: Duration) -> Duration? {
    isRestarting(now: now, grace: grace) ? endedInOrder.map { now.duration(to: $0.advanced(by: grace)) } : nil
  }
}
