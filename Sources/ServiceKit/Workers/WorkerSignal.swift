internal import Synchronization

/// Wakes somebody who waits for work. Several wake-ups before anybody waits count as one.
public final class WorkerSignal: Sendable {
  private struct Waiter {
    let continuation: UnsafeContinuation<Void, Never>
    /// Ends the wait when its time has passed.
    let timer: Task<Void, Never>
  }

  private struct State {
    var isSet = false
    var waiting: [UInt64: Waiter] = [:]
    var last: UInt64 = 0
  }

  private let state = Mutex(State())

  public init() {}

  public func wake() {
    let waiting = state.withLock { state in
      if state.waiting.isEmpty { state.isSet = true }
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for waiter in waiting { end(waiter) }
  }

  /// Returns when woken, when the time has passed, or when the task is cancelled.
  func wait(for duration: Duration) async {
    guard duration > .zero else { return }
    let number = state.withLock { state in
      state.last += 1
      return state.last
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        if !keep(continuation, number, duration) { continuation.resume() }
      }
    } onCancel: {
      release(number)
    }
  }

  /// - Returns: false when there is no reason to wait.
  private func keep(_ continuation: UnsafeContinuation<Void, Never>, _ number: UInt64, _ duration: Duration) -> Bool {
    state.withLock { state in
      guard !state.isSet, !Task.isCancelled else {
        state.isSet = false
        return false
      }
      // Begun while the lock is held, so that it finds who waits however short the time is.
      let timer = Task { [self] in
        try? await Task.sleep(for: duration)
        release(number)
      }
      state.waiting[number] = Waiter(continuation: continuation, timer: timer)
      return true
    }
  }

  private func release(_ number: UInt64) {
    if let waiter = state.withLock({ $0.waiting.removeValue(forKey: number) }) { end(waiter) }
  }

  private func end(_ waiter: Waiter) {
    waiter.timer.cancel()
    waiter.continuation.resume()
  }
}
