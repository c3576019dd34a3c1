internal import Synchronization

/// Where a process stands in its life, for `/health`.
final class ProcessState: Sendable {
  private let phase = Atomic<Int>(0)

  var isServing: Bool { phase.load(ordering: .relaxed) == 1 }

  func serving() { phase.store(1, ordering: .relaxed) }

  func draining() { phase.store(2, ordering: .relaxed) }
}
