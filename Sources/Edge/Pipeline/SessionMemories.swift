internal import Reactor
internal import ServiceKit
internal import Synchronization

/// What each loop remembers of sessions, so that what one of them is told reaches all.
final class SessionMemories: Sendable {
  private let authenticators = Mutex<[LoopBound<Authenticator>]>([])

  func add(_ authenticator: Authenticator, on loop: EventLoop) {
    let bound = LoopBound(authenticator, loop: loop)
    authenticators.withLock { $0.append(bound) }
  }

  /// Returns when no loop remembers any longer what the changes are about.
  func forget(_ changes: [SessionChange]) async {
    guard !changes.isEmpty else { return }
    for authenticator in authenticators.withLock({ $0 }) {
      await Task(executorPreference: authenticator.loop) { authenticator.value.forget(changes) }.value
    }
  }
}
