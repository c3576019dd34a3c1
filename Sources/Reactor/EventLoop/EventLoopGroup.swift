internal import CLinux
internal import Synchronization

/// The event loops of a process, one a core unless told otherwise.
public final class EventLoopGroup: Sendable {
  public let loops: [EventLoop]
  /// Bounds the connections that listeners on these loops let in.
  public let connectionBudget: ConnectionBudget
  private let turn = Atomic<Int>(0)

  /// Makes and starts the loops. `count` is taken as at least 1; the default is the number of cores this process may use.
  /// - Parameters:
  ///   - clock: what the loops' timers follow; nil takes the system's monotonic clock.
  ///   - connectionBudget: nil takes the bound from the limit of open files.
  public init(
    count: Int = EventLoopGroup.availableCores, name: String = "loop", limits: EventLoopLimits = EventLoopLimits(),
    clock: ManualClock? = nil, connectionBudget: ConnectionBudget? = nil
  ) throws(ReactorError) {
    let budget = connectionBudget ?? ConnectionBudget()
    self.connectionBudget = budget
    var made: [EventLoop] = []
    for index in 0..<max(1, count) {
      made.append(
        try EventLoop(name: "\(name)-\(index)", limits: limits, clock: clock, connectionBudget: budget))
    }
    loops = made
    for loop in made { loop.start() }
  }

  /// The loops in turn, for work that has no loop yet.
  public func next() -> EventLoop {
    loops[Int(UInt(bitPattern: turn.wrappingAdd(1, ordering: .relaxed).newValue) % UInt(loops.count))]
  }

  /// Stops every loop and waits for their threads. Not to be called from one of them.
  public func stop() {
    for loop in loops { loop.stop() }
  }

  /// Cores the scheduler lets this process use (`sched_getaffinity`), at least 1.
  public static var availableCores: Int {
    Int(cl_available_cores())
  }
}
