internal import Reactor
internal import Synchronization

/// What each loop remembers of callers, so that one loop can make all of them forget.
final class CallerMemories: Sendable {
  private let authenticators = Mutex<[LoopBound<Authenticator>]>([])

  func add(_ authenticator: Authenticator, on loop: EventLoop) {
    let bound = LoopBound(authenticator, loop: loop)
    authenticators.withLock { $0.append(bound) }
  }

  /// Returns when no loop believes in the token any longer.
  func forget(_ token: [UInt8]) async {
    for authenticator in authenticators.withLock({ $0 }) {
      await Task(executorPreference: authenticator.loop) { authenticator.value.forget(token) }.value
    }
  }
}
