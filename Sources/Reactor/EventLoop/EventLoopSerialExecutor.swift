/// A job waiting for its turn, and the serial executor it is isolated to, if any.
struct ReadyJob {
  let job: UnownedJob
  let isolation: UnownedSerialExecutor?
}

/// Runs an actor's jobs on an event loop: give it as the actor's `unownedExecutor`.
public final class EventLoopSerialExecutor: SerialExecutor {
  private let loop: EventLoop

  init(loop: EventLoop) {
    self.loop = loop
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    loop.enqueue(ReadyJob(job: UnownedJob(job), isolation: asUnownedSerialExecutor()))
  }

  /// Everything on the loop's thread excludes everything else there.
  public func checkIsolated() {
    loop.preconditionCurrent()
  }
}
