internal import Reactor

extension LoopBound<ConnectionPool> {
  /// Hands a request to the pool and waits for its outcome; cancelling the task interrupts it.
  func run(_ request: sending Request) async -> Request.Outcome {
    // The handler below takes effect a turn later, when the request would have been sent.
    if Task.isCancelled { return .failed(.cancelled) }
    let request = LoopBound<Request>(request, loop: loop)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in begin(request, continuation) }
    } onCancel: {
      loop.execute { value.cancelled(request.value) }
    }
  }

  /// The same for the end of a transaction, which a cancelled task must still see through.
  func runToEnd(_ request: sending Request) async -> Request.Outcome {
    let request = LoopBound<Request>(request, loop: loop)
    return await withUnsafeContinuation { continuation in begin(request, continuation) }
  }

  private func begin(
    _ request: LoopBound<Request>, _ continuation: UnsafeContinuation<Request.Outcome, Never>
  ) {
    onLoop {
      request.value.continuation = continuation
      value.begin(request.value)
    }
  }

  /// At once when the caller is on the loop, which costs nothing, else over there.
  func onLoop(_ body: @escaping @Sendable () -> Void) {
    if loop.isCurrent { body() } else { loop.execute(body) }
  }
}
