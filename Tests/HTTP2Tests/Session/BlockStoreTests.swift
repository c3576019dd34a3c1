import Testing

@testable import HTTP2

@Suite("The engine's memory")
struct BlockStoreTests {
  @Test("keeps what is written to it apart, whatever is allocated, grown and freed in between")
  func content() {
    var store = BlockStore(keptByteCount: 10_000)
    defer { store.release() }
    var blocks: [(block: UnsafeMutableRawPointer, byteCount: Int, mark: UInt8)] = []
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<5 where blocks.count < 200:
        let byteCount = [0, 1, 31, 32, 33, 200, 1023, 1024, 1025, 5000].randomElement(using: &generator) ?? 1
        guard let block = store.allocate(byteCount) else { continue }
        #expect(Int(bitPattern: block) % 16 == 0)
        let mark = UInt8.random(in: 0...255, using: &generator)
        block.initializeMemory(as: UInt8.self, repeating: mark, count: byteCount)
        blocks.append((block, byteCount, mark))
      case 5 where !blocks.isEmpty:
        let (block, byteCount, mark) = blocks.removeLast()
        let larger = byteCount * 2
        guard let moved = store.reallocate(block, larger) else { continue }
        (moved + byteCount).initializeMemory(as: UInt8.self, repeating: mark, count: byteCount)
        blocks.append((moved, larger, mark))
      case 6...9 where !blocks.isEmpty:
        let index = Int.random(in: 0..<blocks.count, using: &generator)
        let (block, byteCount, mark) = blocks.remove(at: index)
        let bytes = UnsafeRawBufferPointer(start: block, count: byteCount)
        let isWhole = bytes.allSatisfy { $0 == mark }
        #expect(isWhole)
        store.free(block)
      default: break
      }
      #expect(store.keptByteCount <= 10_000)
    }
    for (block, _, _) in blocks { store.free(block) }
  }

  @Test("hands a freed block out again and keeps no more than its bound")
  func bound() {
    var store = BlockStore(keptByteCount: 1000)
    defer { store.release() }
    let blocks = (0..<100).compactMap { _ in store.allocate(100) }
    for block in blocks { store.free(block) }
    #expect(store.keptByteCount == 7 * 128)
    let again = store.allocate(120)
    #expect(again.map { blocks.contains($0) } == true)
    #expect(store.keptByteCount == 6 * 128)
    store.free(again)
    store.free(nil)
    let large = store.allocate(100_000)
    store.free(large)
    #expect(store.keptByteCount == 7 * 128)
  }
}
