internal import Reactor

extension LoopBound<ConnectionPool> {
  /// Hands a call to the pool and waits for its outcome; cancelling the task interrupts the call.
  func run(_ call: LoopBound<Call>) async -> Call.Outcome {
    // The handler below takes effect a turn later, when the call would have been sent.
    if Task.isCancelled { return .failed(.cancelled) }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        onLoop {
          call.value.continuation = continuation
          value.begin(call.value)
        }
      }
    } onCancel: {
      loop.execute { value.cancelled(call.value) }
    }
  }

  /// The same for the end of a transaction, which a cancelled task must still see through.
  func finish(_ call: LoopBound<Call>) async -> Call.Outcome {
    await withUnsafeContinuation { continuation in
      onLoop {
        call.value.continuation = continuation
        value.finish(call.value)
      }
    }
  }

  /// At once when the caller is on the loop, which costs nothing, else over there.
  func onLoop(_ body: @escaping @Sendable () -> Void) {
    if loop.isCurrent { body() } else { loop.execute(body) }
  }
}
