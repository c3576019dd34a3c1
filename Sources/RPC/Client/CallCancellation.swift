internal import Reactor
internal import Synchronization

/// Carries the cancellation of a task to the loop where its call runs, whichever comes first.
final class CallCancellation: Sendable {
  private let loop: EventLoop
  private let state = Mutex(State.waiting)

  private enum State {
    case waiting
    case running(@Sendable () -> Void)
    case cancelled
  }

  init(loop: EventLoop) {
    self.loop = loop
  }

  var isCancelled: Bool {
    state.withLock { if case .cancelled = $0 { true } else { false } }
  }

  /// `action` runs on the loop when the task is cancelled from now on. Answers false when it was cancelled already.
  func onCancel(_ action: @escaping @Sendable () -> Void) -> Bool {
    state.withLock { state in
      if case .cancelled = state { return false }
      state = .running(action)
      return true
    }
  }

  func cancel() {
    let action: (@Sendable () -> Void)? = state.withLock { state in
      defer { state = .cancelled }
      if case .running(let action) = state { return action }
      return nil
    }
    if let action { loop.execute(action) }
  }

  /// The call is over: its action, and all that hangs on it, is let go.
  func done() {
    state.withLock { if case .running = $0 { $0 = .waiting } }
  }
}
