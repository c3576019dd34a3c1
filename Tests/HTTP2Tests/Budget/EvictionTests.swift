import Reactor
import Testing

@testable import HTTP2

@Suite("Whom to give up")
struct EvictionTests {
  private static func candidate(_ index: Int, _ byteCount: Int, _ moved: Int64) -> Eviction.Candidate {
    .init(index: index, byteCount: byteCount, lastMoved: Instant(nanoseconds: moved))
  }

  @Test("the one that has not moved for the longest time goes first, the largest among equals")
  func order() {
    let candidates = [Self.candidate(0, 10, 5), Self.candidate(1, 10, 3), Self.candidate(2, 20, 3)]
    #expect(Eviction.victims(candidates, toFree: 1) == [2])
    #expect(Eviction.victims(candidates, toFree: 21) == [2, 1])
    #expect(Eviction.victims(candidates, toFree: 1000) == [2, 1, 0])
    #expect(Eviction.victims(candidates, toFree: 0) == [])
    #expect(Eviction.victims([Self.candidate(0, 0, 1)], toFree: 1) == [])
  }

  @Test("as many go as are needed, none too many, and never a faster one before a slower one")
  func property() {
    for _ in 0..<500 {
      let candidates = (0..<Int.random(in: 0...40)).map {
        Self.candidate($0, .random(in: 0...1000), .random(in: 0...20))
      }
      let need = Int.random(in: 0...25_000)
      let victims = Eviction.victims(candidates, toFree: need)
      let freed = victims.map { candidates[$0].byteCount }
      let all = candidates.map(\.byteCount).reduce(0, +)
      #expect(freed.reduce(0, +) >= min(need, all))
      // Without the last one there would not be enough.
      #expect(freed.dropLast().reduce(0, +) < need || victims.isEmpty)
      let spared = candidates.filter { $0.byteCount > 0 && !victims.contains($0.index) }
      for victim in victims { #expect(spared.allSatisfy { $0.lastMoved >= candidates[victim].lastMoved }) }
    }
  }
}
