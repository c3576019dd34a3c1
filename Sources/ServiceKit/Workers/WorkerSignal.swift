internal import Synchronization

/// Wakes somebody who waits for work. Several wake-ups before anybody waits count as one.
public final class WorkerSignal: Sendable {
  private struct State {
    var isSet = false
    var waiting: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    var next: UInt64 = 0
  }

  private let state = Mutex(State())

  public init() {}

  public func wake() {
    let waiting = state.withLock { state in
      state.isSet = state.waiting.isEmpty
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns when woken, when the time has passed, or when the task is cancelled.
  func wait(for duration: Duration) async {
    guard duration > .zero else { return }
    let number = state.withLock { state -> UInt64? in
      if state.isSet {
        state.isSet = false
        return nil
      }
      state.next += 1
      return state.next
    }
    guard let number else { return }
    let timer = Task { [self] in
      try? await Task.sleep(for: duration)
      release(number)
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isSet = state.withLock { state in
          if state.isSet || Task.isCancelled {
            state.isSet = false
            return true
          }
          state.waiting[number] = continuation
          return false
        }
        if isSet { continuation.resume() }
      }
    } onCancel: {
      release(number)
    }
    timer.cancel()
  }

  private func release(_ number: UInt64) {
    state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
  }
}
