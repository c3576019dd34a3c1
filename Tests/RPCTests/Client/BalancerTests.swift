import Testing

@testable import RPC

@Suite("Choosing among connections")
struct BalancerTests {
  private func picks(_ policy: BalancingPolicy, _ loads: [Int?], times: Int, avoiding: Int? = nil) -> [Int?] {
    var balancer = Balancer(policy: policy, seed: 7)
    return (0..<times).map { _ in balancer.pick(count: loads.count, avoiding: avoiding) { loads[$0] } }
  }

  @Test(
    "what takes no calls is never chosen, and one that does is always found",
    arguments: [
      BalancingPolicy.pickFirst, .roundRobin, .leastLoaded,
    ])
  func onlyTakers(policy: BalancingPolicy) {
    // Every pattern of up to five connections that take calls or not.
    for count in 0...5 {
      for pattern in 0..<(1 << count) {
        let loads = (0..<count).map { pattern >> $0 & 1 == 1 ? $0 : nil }
        for avoided in [nil] + (0..<count).map(Optional.some) {
          for pick in picks(policy, loads, times: 20, avoiding: avoided) {
            guard pattern != 0 else {
              #expect(pick == nil)
              continue
            }
            #expect(pick.map { loads[$0] != nil } == true, "\(loads) \(String(describing: pick))")
            let others = loads.indices.contains { $0 != avoided && loads[$0] != nil }
            if others { #expect(pick != avoided) }
          }
        }
      }
    }
  }

  @Test("pick first stays with the first, round robin takes each in turn")
  func order() {
    #expect(picks(.pickFirst, [0, 0, 0], times: 4) == [0, 0, 0, 0])
    #expect(picks(.roundRobin, [0, 0, 0], times: 6) == [1, 2, 0, 1, 2, 0])
  }

  @Test(
    "of two at random the one with fewer calls: a slow one among ten gets next to nothing, the others the same share")
  func leastLoaded() {
    var balancer = Balancer(policy: .leastLoaded, seed: 1)
    var chosen = [Int](repeating: 0, count: 10)
    for _ in 0..<10_000 {
      if let place = balancer.pick(count: 10, load: { $0 == 3 ? 1000 : 0 }) { chosen[place] += 1 }
    }
    #expect(chosen[3] == 0)
    for (place, count) in chosen.enumerated() where place != 3 { #expect((900...1400).contains(count), "\(chosen)") }
  }

  @Test("loads even out")
  func evens() {
    var balancer = Balancer(policy: .leastLoaded, seed: 5)
    var loads = [Int](repeating: 0, count: 8)
    for _ in 0..<8000 {
      let current = loads
      if let place = balancer.pick(count: 8, load: { current[$0] }) { loads[place] += 1 }
    }
    #expect((loads.max() ?? 0) - (loads.min() ?? 0) < 10, "\(loads)")
  }
}
