internal import CNghttp2
internal import Glibc

/// The engine's memory for all the connections of one loop: small blocks that are given back are handed out again.
///
/// A request takes eight blocks of the engine, and as many requests as a batch holds take them at the same time, which is more than the
/// allocator's own short cuts are made for. Loop-bound, like the sessions that share it.
public final class HTTP2Memory {
  /// Bytes of free blocks that are kept; beyond, blocks go back to the system.
  public static let defaultKeptByteCount = 256 * 1024

  private let state: UnsafeMutablePointer<BlockStore>

  public init(keptByteCount: Int = HTTP2Memory.defaultKeptByteCount) {
    state = .allocate(capacity: 1)
    state.initialize(to: BlockStore(keptByteCount: keptByteCount))
  }

  deinit {
    state.pointee.release()
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Bytes of free blocks that are kept now.
  public var keptByteCount: Int { state.pointee.keptByteCount }

  /// What the engine allocates with, for as long as this object lives.
  var engineFunctions: nghttp2_mem {
    nghttp2_mem(
      mem_user_data: state,
      malloc: { byteCount, store in
        store.unsafelyUnwrapped.assumingMemoryBound(to: BlockStore.self).pointee.allocate(byteCount)
      },
      free: { block, store in
        store.unsafelyUnwrapped.assumingMemoryBound(to: BlockStore.self).pointee.free(block)
      },
      calloc: { count, size, store in
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow,
          let block = store.unsafelyUnwrapped.assumingMemoryBound(to: BlockStore.self).pointee.allocate(byteCount)
        else { return nil }
        memset(block, 0, byteCount)
        return block
      },
      realloc: { block, byteCount, store in
        store.unsafelyUnwrapped.assumingMemoryBound(to: BlockStore.self).pointee.reallocate(block, byteCount)
      })
  }
}

/// Free blocks by size, reached by the engine through a plain pointer. Each block has its capacity written in front of it.
struct BlockStore {
  /// Capacities are multiples of this; a power of two.
  private static let step = 32
  private static let stepShift = 5
  /// Larger blocks come from the system and go back there.
  private static let largestKept = 1024
  /// As much as keeps the blocks aligned.
  private static let headerByteCount = 16

  private let free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let maximumKeptByteCount: Int
  private(set) var keptByteCount = 0

  init(keptByteCount: Int) {
    maximumKeptByteCount = keptByteCount
    free = .allocate(capacity: Self.largestKept / Self.step + 1)
    free.initialize(repeating: nil, count: Self.largestKept / Self.step + 1)
  }

  /// Nil when the system has no memory left.
  @inline(__always)
  mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount <= Self.largestKept else { return Self.take(byteCount) }
    let index = (max(byteCount, 1) + Self.step - 1) >> Self.stepShift
    guard let block = free[index] else { return Self.take(index << Self.stepShift) }
    free[index] = block.load(as: UnsafeMutableRawPointer?.self)
    keptByteCount -= index << Self.stepShift
    return block
  }

  @inline(__always)
  mutating func free(_ block: UnsafeMutableRawPointer?) {
    guard let block else { return }
    let capacity = Self.capacity(of: block)
    guard capacity <= Self.largestKept, keptByteCount + capacity <= maximumKeptByteCount else {
      return Self.give(block)
    }
    let index = capacity >> Self.stepShift
    block.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
    free[index] = block
    keptByteCount += capacity
  }

  mutating func reallocate(_ block: UnsafeMutableRawPointer?, _ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard let block else { return allocate(byteCount) }
    let capacity = Self.capacity(of: block)
    if byteCount <= capacity { return block }
    guard let larger = allocate(byteCount) else { return nil }
    larger.copyMemory(from: block, byteCount: capacity)
    free(block)
    return larger
  }

  mutating func release() {
    for index in 0...(Self.largestKept / Self.step) {
      while let block = free[index] {
        free[index] = block.load(as: UnsafeMutableRawPointer?.self)
        Self.give(block)
      }
    }
    free.deallocate()
  }

  @inline(__always)
  private static func capacity(of block: UnsafeMutableRawPointer) -> Int {
    (block - headerByteCount).load(as: Int.self)
  }

  private static func take(_ capacity: Int) -> UnsafeMutableRawPointer? {
    guard capacity < Int.max - headerByteCount, let start = malloc(headerByteCount + capacity) else { return nil }
    start.storeBytes(of: capacity, as: Int.self)
    return start + headerByteCount
  }

  private static func give(_ block: UnsafeMutableRawPointer) {
    Glibc.free(block - headerByteCount)
  }
}
