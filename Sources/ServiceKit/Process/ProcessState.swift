internal import Synchronization

/// Where a process stands in its life, for `/health`.
package final class ProcessState: Sendable {
  package init() {}

  private let phase = Atomic<Int>(0)

  package var isServing: Bool { phase.load(ordering: .relaxed) == 1 }

  package func serving() { phase.store(1, ordering: .relaxed) }

  package func draining() { phase.store(2, ordering: .relaxed) }
}
