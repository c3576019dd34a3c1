internal import CLinux
internal import Glibc
internal import Synchronization

/// Looks at a group's loops from a thread of its own and reports one that has not come back to its descriptors for too long: a handler
/// that blocks or computes without yielding starves every other call of its loop, and must not do so unnoticed.
public final class Watchdog: Sendable {
  /// A loop that is stuck in one turn.
  public struct Stall: Sendable {
    public let loopName: String
    /// How long the turn has lasted so far.
    public let duration: Duration
  }

  private let stopped = Atomic<Bool>(false)

  /// - Parameters:
  ///   - threshold: turns longer than this are reported, each once, and again each time they have doubled.
  ///   - report: called on the watchdog's thread.
  public init(
    _ group: EventLoopGroup, threshold: Duration = .milliseconds(100), report: @escaping @Sendable (Stall) -> Void
  ) {
    let body = Body(watchdog: self, loops: group.loops, threshold: threshold, report: report)
    var handle = pthread_t()
    let context = Unmanaged.passRetained(body).toOpaque()
    let code = pthread_create(
      &handle, nil,
      { context in
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context)
    if code == 0 { pthread_detach(handle) } else { Unmanaged<Body>.fromOpaque(context).release() }
  }

  deinit { stopped.store(true, ordering: .relaxed) }

  private final class Body: Sendable {
    private let threshold: Duration
    private let loops: [EventLoop]
    private let report: @Sendable (Stall) -> Void
    private let isStopped: @Sendable () -> Bool

    init(watchdog: Watchdog, loops: [EventLoop], threshold: Duration, report: @escaping @Sendable (Stall) -> Void) {
      self.loops = loops
      self.threshold = threshold
      self.report = report
      isStopped = { [weak watchdog] in watchdog?.stopped.load(ordering: .relaxed) ?? true }
    }

    func run() {
      cl_name_thread("watchdog")
      var nextReport = [Duration](repeating: threshold, count: loops.count)
      let pause = UInt32(clamping: max(1, threshold.nanosecondsSaturated / 4000))
      while !isStopped() {
        usleep(min(pause, 500_000))
        let now = Instant.system()
        for (index, loop) in loops.enumerated() {
          guard let stall = loop.activity.stall(at: now), stall >= threshold else {
            nextReport[index] = threshold
            continue
          }
          guard stall >= nextReport[index] else { continue }
          report(Stall(loopName: loop.name, duration: stall))
          nextReport[index] = stall * 2
        }
      }
    }
  }
}
