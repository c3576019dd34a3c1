public import CProtobufC
internal import Glibc

/// Memory that is handed out piece by piece and taken back all at once: what a call's C messages live in. Not thread-safe; one arena
/// serves one call at a time and is `reset` for the next, keeping its first chunk.
public final class Arena {
  /// Size of the first chunk, kept over `reset`.
  static let firstChunkByteCount = 16 * 1024

  private let state: UnsafeMutablePointer<ArenaState>
  /// What protobuf-c allocates with: memory of this arena, freed by `reset` only.
  public let allocator: UnsafeMutablePointer<ProtobufCAllocator>
  /// Set when something that was stored cannot be represented; taken by whoever serializes.
  var failure: ProtobufError?

  public init() {
    state = .allocate(capacity: 1)
    state.initialize(to: ArenaState())
    allocator = .allocate(capacity: 1)
    allocator.initialize(
      to: ProtobufCAllocator(
        alloc: { state, byteCount in
          guard let state else { return nil }
          return state.assumingMemoryBound(to: ArenaState.self).pointee.allocate(byteCount)
        },
        free: { _, _ in },
        allocator_data: state))
  }

  deinit {
    state.pointee.release()
    state.deinitialize(count: 1)
    state.deallocate()
    allocator.deallocate()
  }

  /// Takes back everything that was handed out; all pointers into the arena are dead.
  public func reset() {
    state.pointee.reset()
    failure = nil
  }

  /// Bounds what may be handed out until the next `reset`.
  var limit: Int {
    get { state.pointee.limit }
    set { state.pointee.limit = newValue }
  }

  /// Whether an allocation was refused for the limit since the last `reset`.
  var isExhausted: Bool { state.pointee.exhausted }

  /// Uninitialized memory, aligned to 16 bytes. `nil` beyond the limit.
  func allocateIfAllowed(byteCount: Int) -> UnsafeMutableRawPointer? {
    state.pointee.allocate(byteCount)
  }

  /// Uninitialized memory, aligned to 16 bytes, whatever the limit: for what we store ourselves.
  public func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    if let memory = state.pointee.allocate(byteCount) { return memory }
    return state.pointee.allocateBeyondLimit(byteCount)
  }

  @inlinable
  public func allocate<Element>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
    allocate(byteCount: MemoryLayout<Element>.stride * count).bindMemory(to: type, capacity: count)
  }
}

/// The arena's bookkeeping, reached by protobuf-c through a plain pointer.
struct ArenaState {
  private struct Chunk {
    var memory: UnsafeMutableRawPointer
    var byteCount: Int
  }

  private var cursor: UnsafeMutableRawPointer?
  private var remaining = 0
  private var chunks: [Chunk] = []
  private var handedOut = 0
  var limit = Int.max
  private(set) var exhausted = false

  @inline(__always)
  mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let rounded = (byteCount &+ 15) & ~15
    guard rounded >= byteCount, rounded <= limit &- handedOut else {
      exhausted = true
      return nil
    }
    handedOut &+= rounded
    if rounded <= remaining, let memory = cursor {
      cursor = memory + rounded
      remaining &-= rounded
      return memory
    }
    return grow(rounded)
  }

  mutating func allocateBeyondLimit(_ byteCount: Int) -> UnsafeMutableRawPointer {
    grow((byteCount + 15) & ~15)
  }

  @inline(never)
  private mutating func grow(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = max(
      byteCount, chunks.isEmpty ? Arena.firstChunkByteCount : min(chunks[chunks.count - 1].byteCount * 2, 1 << 20))
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    chunks.append(Chunk(memory: memory, byteCount: size))
    cursor = memory + byteCount
    remaining = size - byteCount
    return memory
  }

  mutating func reset() {
    for chunk in chunks.dropFirst() { chunk.memory.deallocate() }
    if chunks.count > 1 { chunks.removeSubrange(1...) }
    if let first = chunks.first, first.byteCount > Arena.firstChunkByteCount {
      first.memory.deallocate()
      chunks.removeAll()
    }
    cursor = chunks.first?.memory
    remaining = chunks.first?.byteCount ?? 0
    handedOut = 0
    limit = .max
    exhausted = false
  }

  mutating func release() {
    for chunk in chunks { chunk.memory.deallocate() }
    chunks.removeAll()
  }
}
