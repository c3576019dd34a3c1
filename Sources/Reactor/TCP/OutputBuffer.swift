/// Bytes waiting to be written to a socket: appended at the end, taken from the front.
struct OutputBuffer: ~Copyable {
  private var memory: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0

  init(capacity: Int) {
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  var count: Int { end - start }
  var capacity: Int { memory.count }

  /// Lends the bytes that wait; the pointer is valid in `body` only.
  func withPending<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    body(UnsafeRawBufferPointer(rebasing: memory[start..<end]))
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    if memory.count - end < bytes.count { makeRoom(for: bytes.count) }
    UnsafeMutableRawBufferPointer(rebasing: memory[end..<(end + bytes.count)]).copyMemory(from: bytes)
    end += bytes.count
  }

  mutating func removeFirst(_ byteCount: Int) {
    start += byteCount
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Drops what waits.
  mutating func removeAll() {
    start = 0
    end = 0
  }

  private mutating func makeRoom(for byteCount: Int) {
    let kept = end - start
    if memory.count - kept >= byteCount, start >= memory.count / 2 {
      memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    } else {
      let larger = UnsafeMutableRawBufferPointer.allocate(
        byteCount: max(memory.count * 2, kept + byteCount), alignment: 16)
      larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
      memory.deallocate()
      memory = larger
    }
    start = 0
    end = kept
  }
}

/// Output buffers of one loop. A connection borrows one while it has something to write, so idle connections hold none.
struct OutputBufferPool: ~Copyable {
  /// What a fresh buffer holds, in bytes; a buffer that has grown beyond four times that is not kept.
  static let bufferByteCount = 16 * 1024

  private var buffers: [Box] = []
  private let capacity: Int

  private final class Box {
    var buffer: OutputBuffer?
    init(_ buffer: consuming OutputBuffer) { self.buffer = consume buffer }
  }

  init(capacity: Int) {
    self.capacity = capacity
  }

  mutating func take() -> OutputBuffer {
    if let box = buffers.popLast(), let buffer = box.buffer.take() { return buffer }
    return OutputBuffer(capacity: Self.bufferByteCount)
  }

  /// What a connection left unwritten is dropped: the next one must not send it.
  mutating func giveBack(_ buffer: consuming OutputBuffer) {
    guard buffers.count < capacity, buffer.capacity <= Self.bufferByteCount * 4 else { return }
    var buffer = buffer
    buffer.removeAll()
    buffers.append(Box(buffer))
  }
}
