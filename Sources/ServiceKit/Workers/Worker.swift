/// Work that a service does by itself, turn by turn. Any number of processes may run it: a turn runs in one of them at a time.
public struct Worker: Sendable {
  /// What a turn found.
  public enum Turn: Sendable, Hashable {
    /// There may be more: the next turn follows at once.
    case didWork
    /// Nothing is left: the next turn waits.
    case idle
  }

  /// The name in logs and metrics, unique in its service: `renewals`.
  public let name: String
  /// How long it waits when nothing was left.
  public let interval: Duration
  /// Wakes it before the interval has passed.
  public let wake: WorkerSignal
  /// Does a bounded piece of work in transactions of its own. Whatever it was killed in must be found again by the next turn.
  ///
  /// It is cancelled when the process drains and the turn takes too long.
  public let turn: @Sendable () async throws -> Turn

  public init(
    name: String, interval: Duration = .seconds(1), wake: WorkerSignal = WorkerSignal(),
    turn: @escaping @Sendable () async throws -> Turn
  ) {
    self.name = name
    self.interval = interval
    self.wake = wake
    self.turn = turn
  }
}

/// Decides when the next turn of a worker begins. Pure: what happened in, how long to wait out.
struct WorkerPace: Sendable {
  /// The wait after the first of several failures; it doubles from there.
  static let firstBackoff: Duration = .milliseconds(500)
  static let longestBackoff: Duration = .seconds(60)

  enum Event: Sendable {
    case finished(Worker.Turn)
    case failed
    /// Another process has the turn.
    case elsewhere
  }

  private let interval: Duration
  private var failures = 0

  init(interval: Duration) {
    self.interval = interval
  }

  /// - Parameter chance: from 0 to 1; spreads the attempts of several processes.
  mutating func wait(after event: Event, chance: Double) -> Duration {
    switch event {
    case .finished(.didWork):
      failures = 0
      return .zero
    case .finished(.idle), .elsewhere:
      failures = 0
      return interval
    case .failed:
      let doubled = Self.firstBackoff * Double(1 << min(failures, 10))
      failures += 1
      return min(doubled, Self.longestBackoff) * (0.5 + 0.5 * chance)
    }
  }
}
