internal import Synchronization

/// What a loop has been doing, written by its thread and read by any other without a lock.
final class LoopActivity: Sendable {
  /// When the running turn began, or 0 while the loop waits in the kernel.
  private let turnBegan = Atomic<Int64>(0)
  private let turns = Atomic<UInt64>(0)
  private let jobs = Atomic<UInt64>(0)
  private let busyNanoseconds = Atomic<UInt64>(0)
  private let longestTurn = Atomic<Int64>(0)
  private let watches = Atomic<Int>(0)
  private let timers = Atomic<Int>(0)

  // Only the loop's thread writes, so a load and a store do instead of a locked add.
  func turnBegins(at moment: Instant) {
    turnBegan.store(moment.nanoseconds, ordering: .relaxed)
  }

  func ranJobs(_ count: Int) {
    jobs.store(jobs.load(ordering: .relaxed) &+ UInt64(count), ordering: .relaxed)
  }

  func turnEnds(at moment: Instant, watches watchCount: Int, timers timerCount: Int) {
    let length = moment.nanoseconds - turnBegan.load(ordering: .relaxed)
    turnBegan.store(0, ordering: .relaxed)
    turns.store(turns.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    busyNanoseconds.store(busyNanoseconds.load(ordering: .relaxed) &+ UInt64(max(0, length)), ordering: .relaxed)
    if length > longestTurn.load(ordering: .relaxed) { longestTurn.store(length, ordering: .relaxed) }
    watches.store(watchCount, ordering: .relaxed)
    timers.store(timerCount, ordering: .relaxed)
  }

  /// How long the running turn has lasted; `nil` while the loop waits.
  func stall(at moment: Instant) -> Duration? {
    let began = turnBegan.load(ordering: .relaxed)
    return began == 0 ? nil : .nanoseconds(moment.nanoseconds - began)
  }

  func statistics(wakeUps: UInt64) -> EventLoopStatistics {
    EventLoopStatistics(
      wakeUps: wakeUps, turns: turns.load(ordering: .relaxed), jobs: jobs.load(ordering: .relaxed),
      busy: .nanoseconds(Int64(clamping: busyNanoseconds.load(ordering: .relaxed))),
      longestTurn: .nanoseconds(longestTurn.exchange(0, ordering: .relaxed)),
      watches: watches.load(ordering: .relaxed), timers: timers.load(ordering: .relaxed))
  }
}

/// Figures of one event loop for the metrics page.
public struct EventLoopStatistics: Sendable {
  /// How often another thread had to wake the loop, each time with a system call.
  public let wakeUps: UInt64
  public let turns: UInt64
  public let jobs: UInt64
  /// Time spent outside the kernel's wait since the start.
  public let busy: Duration
  /// The longest turn since the statistics were last read: how late a timer or a request may have been served (the loop's lag).
  public let longestTurn: Duration
  public let watches: Int
  public let timers: Int
}

extension EventLoop {
  /// Reads the figures from any thread, and starts a new measure of `longestTurn`.
  public func statistics() -> EventLoopStatistics {
    activity.statistics(wakeUps: inbox.wakeUps)
  }
}
