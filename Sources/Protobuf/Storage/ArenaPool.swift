internal import Synchronization

/// Arenas that wait for their next message: making one costs more than what it is used for in a small message.
enum ArenaPool {
  /// Arenas beyond this many are freed: each keeps its first chunk.
  private static let capacity = 64

  // @unchecked Sendable: an arena lies here only while nobody uses it, and the lock hands it from thread to thread.
  private struct Idle: @unchecked Sendable {
    var arenas: [Arena] = []
  }

  private static let idle = Mutex(Idle())

  static func take() -> Arena {
    idle.withLock { $0.arenas.popLast() } ?? Arena()
  }

  /// - Parameter arena: nobody else may use it any longer.
  static func giveBack(_ arena: Arena) {
    arena.reset()
    idle.withLock { idle in
      if idle.arenas.count < capacity { idle.arenas.append(arena) }
    }
  }
}
