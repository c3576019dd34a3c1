internal import Synchronization

extension EventLoop {
  /// Suspends the calling task for `duration`, on this loop's timers.
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  public func sleep(for duration: Duration) async throws(CancellationError) {
    let sleeper = Sleeper()
    let moment = Instant.now().advanced(by: duration)
    let finished = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
        guard sleeper.begin(continuation) else { return }
        if isCurrent {
          schedule(at: moment) { sleeper.end(finished: true) }
        } else {
          execute { self.schedule(at: moment) { sleeper.end(finished: true) } }
        }
      }
    } onCancel: {
      sleeper.end(finished: false)
    }
    if !finished { throw CancellationError() }
  }
}

/// Resumes a sleeping task exactly once, whichever of the timer and the cancellation comes first.
private final class Sleeper: Sendable {
  private enum State {
    case created
    case sleeping(UnsafeContinuation<Bool, Never>)
    case ended(finished: Bool)
  }

  private let state = Mutex(State.created)

  func begin(_ continuation: UnsafeContinuation<Bool, Never>) -> Bool {
    let early: Bool? = state.withLock { state in
      if case .ended(let finished) = state { return finished }
      state = .sleeping(continuation)
      return nil
    }
    if let early { continuation.resume(returning: early) }
    return early == nil
  }

  func end(finished: Bool) {
    let continuation: UnsafeContinuation<Bool, Never>? = state.withLock { state in
      defer { if case .ended = state {} else { state = .ended(finished: finished) } }
      if case .sleeping(let continuation) = state { return continuation }
      return nil
    }
    continuation?.resume(returning: finished)
  }
}
