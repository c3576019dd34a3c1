internal import CLinux
internal import Synchronization

/// A clock that moves only when it is told to: event loops made with it fire their timers without real waiting, for tests.
///
/// A loop's timers, `sleep` and `now` follow the clock of the loop, and so do `Instant.now()` and `Deadline` on the loop's thread.
/// Elsewhere those read the system's clock, which the manual clock starts at.
// @unchecked Sendable: `reading` points to one integer that is read and written by atomic instructions only, for as long as this object
// lives; the rest is immutable or a mutex.
public final class ManualClock: @unchecked Sendable {
  /// Read by every thread that runs a loop of this clock.
  let reading: UnsafeMutablePointer<Int64>
  private let loops = Mutex<[Member]>([])

  private struct Member {
    weak var loop: EventLoop?
  }

  /// - Parameter start: the first reading; the system's monotonic clock unless told otherwise.
  public init(start: Instant = .now()) {
    reading = .allocate(capacity: 1)
    reading.initialize(to: start.nanoseconds)
  }

  deinit { reading.deallocate() }

  public var now: Instant { Instant(nanoseconds: cl_clock_read(reading)) }

  /// A deadline `duration` from now on this clock, wherever the caller runs.
  public func deadline(after duration: Duration) -> Deadline {
    Deadline(now.advanced(by: duration))
  }

  /// Moves the clock from timer to timer up to `duration` later. At each stop everything that became ready is run on all the loops of
  /// this clock, and on sockets between them, before the clock moves on; so a timer that is set again on the way fires again.
  /// Work on other threads, and other processes, are not waited for. One caller at a time.
  public func advance(by duration: Duration) async {
    precondition(duration >= .zero, "a monotonic clock does not go back")
    let target = now.advanced(by: duration)
    var next = await settle()
    while let moment = next, moment <= target {
      cl_clock_write(reading, max(moment, now).nanoseconds)
      next = await settle()
    }
    cl_clock_write(reading, target.nanoseconds)
    _ = await settle()
  }

  /// Waits until no loop of this clock has anything to do before the clock moves. Answers the nearest moment of a timer.
  @discardableResult
  public func settle() async -> Instant? {
    var before: [EventLoopProgress] = []
    while true {
      var progress: [EventLoopProgress] = []
      for loop in loops.withLock({ members in members.compactMap(\.loop) }) {
        if let more = await loop.progress() { progress.append(more) }
      }
      if progress == before, progress.allSatisfy({ !$0.hasWork }) { return progress.compactMap(\.nextTimer).min() }
      before = progress
    }
  }

  func join(_ loop: EventLoop) {
    loops.withLock { members in
      members.removeAll { $0.loop == nil }
      members.append(Member(loop: loop))
    }
  }
}

/// What a loop has done so far and what it would do next, for `ManualClock`.
struct EventLoopProgress: Equatable, Sendable {
  /// Counts the turns in which something happened.
  var eventfulTurns: UInt64
  /// Something waits for the next turn.
  var hasWork: Bool
  var nextTimer: Instant?
}
