import Testing

@testable import Reactor

@Suite("The timer heap")
struct TimerHeapTests {
  @Test("pops in order of time, whatever was inserted and cancelled", arguments: 1...20)
  func ordered(seed: UInt64) {
    var random = SplitMix(state: seed)
    var heap = TimerHeap<Int>()
    var expected: [Int: Timer] = [:]
    for _ in 0..<2000 {
      if random.next() % 3 == 0, let victim = expected.keys.min(by: { $0 ^ Int(seed) < $1 ^ Int(seed) }) {
        #expect(heap.remove(expected.removeValue(forKey: victim)!) == victim)
      } else {
        let moment = Int(random.next() % 1_000_000)
        guard expected[moment] == nil else { continue }
        expected[moment] = heap.insert(at: Instant(nanoseconds: Int64(moment)), moment)
      }
    }
    #expect(heap.count == expected.count)
    var popped: [Int] = []
    while let next = heap.popDue(at: Instant(nanoseconds: .max)) { popped.append(next) }
    #expect(popped == expected.keys.sorted())
  }

  @Test("a timer that fired cannot cancel the one that took its place")
  func generations() {
    var heap = TimerHeap<String>()
    let first = heap.insert(at: Instant(nanoseconds: 1), "first")
    #expect(heap.popDue(at: Instant(nanoseconds: 1)) == "first")
    _ = heap.insert(at: Instant(nanoseconds: 2), "second")
    #expect(heap.remove(first) == nil)
    #expect(heap.popDue(at: Instant(nanoseconds: 1)) == nil)
    #expect(heap.popDue(at: Instant(nanoseconds: 2)) == "second")
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
