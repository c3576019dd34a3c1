internal import Synchronization

extension EventLoop {
  /// Suspends the calling task for `duration`, on this loop's timers.
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  public func sleep(for duration: Duration) async throws(CancellationError) {
    let sleeper = Sleeper(loop: self)
    let moment = (clock?.now ?? .now()).advanced(by: duration)
    let finished = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
        guard sleeper.begin(continuation) else { return }
        if isCurrent { sleeper.schedule(at: moment) } else { execute { sleeper.schedule(at: moment) } }
      }
    } onCancel: {
      sleeper.cancel()
    }
    if !finished { throw CancellationError() }
  }
}

/// Resumes a sleeping task exactly once, whichever of the timer and the cancellation comes first, and leaves no timer behind.
private final class Sleeper: Sendable {
  private enum State {
    case created
    case sleeping(UnsafeContinuation<Bool, Never>, Timer?)
    case ended(finished: Bool)
  }

  private let loop: EventLoop
  private let state = Mutex(State.created)

  init(loop: EventLoop) {
    self.loop = loop
  }

  func begin(_ continuation: UnsafeContinuation<Bool, Never>) -> Bool {
    let early: Bool? = state.withLock { state in
      if case .ended(let finished) = state { return finished }
      state = .sleeping(continuation, nil)
      return nil
    }
    if let early { continuation.resume(returning: early) }
    return early == nil
  }

  /// On the loop.
  func schedule(at moment: Instant) {
    state.withLock { state in
      guard case .sleeping(let continuation, nil) = state else { return }
      state = .sleeping(continuation, loop.schedule(at: moment) { _ = self.end(finished: true) })
    }
  }

  func cancel() {
    guard let timer = end(finished: false) else { return }
    if loop.isCurrent { loop.cancel(timer) } else { loop.execute { [loop] in loop.cancel(timer) } }
  }

  /// Answers the timer that is still set.
  private func end(finished: Bool) -> Timer? {
    let (continuation, timer) = state.withLock { state -> (UnsafeContinuation<Bool, Never>?, Timer?) in
      guard case .sleeping(let continuation, let timer) = state else {
        if case .created = state { state = .ended(finished: finished) }
        return (nil, nil)
      }
      state = .ended(finished: finished)
      return (continuation, timer)
    }
    continuation?.resume(returning: finished)
    return timer
  }
}
