/// How a channel spreads its calls over the addresses of its target.
public enum BalancingPolicy: Sendable, Hashable {
  /// One address, the first that answers, until it fails.
  case pickFirst
  /// Each address in turn.
  case roundRobin
  /// Of two addresses taken at random the one with fewer calls under way.
  case leastLoaded
}

/// Chooses among the connections that take calls. Pure: its randomness is a seed.
struct Balancer {
  let policy: BalancingPolicy
  private var turn = 0
  private var random: UInt64

  init(policy: BalancingPolicy, seed: UInt64) {
    self.policy = policy
    random = seed
  }

  /// The place of the connection for the next call, nil when none takes one.
  /// - Parameters:
  ///   - count: connections to choose from.
  ///   - avoided: the place to take only when there is no other: a call that failed there goes elsewhere.
  ///   - load: calls under way on one of them; nil when it takes no more.
  mutating func pick(count: Int, avoiding avoided: Int? = nil, load: (Int) -> Int?) -> Int? {
    guard count > 1 else { return count == 1 && load(0) != nil ? 0 : nil }
    switch policy {
    case .pickFirst: return first(from: 0, count, avoided, load)
    case .roundRobin:
      turn = (turn + 1) % count
      return first(from: turn, count, avoided, load)
    case .leastLoaded:
      let one = next(below: count)
      let other = (one + 1 + next(below: count - 1)) % count
      switch (one == avoided ? nil : load(one), other == avoided ? nil : load(other)) {
      case (let a?, let b?): return a <= b ? one : other
      case (_?, nil): return one
      case (nil, _?): return other
      case (nil, nil): return first(from: one, count, avoided, load)
      }
    }
  }

  /// The first from `start` on, around the end, that takes a call.
  private func first(from start: Int, _ count: Int, _ avoided: Int?, _ load: (Int) -> Int?) -> Int? {
    for step in 0..<count {
      let place = (start + step) % count
      if place != avoided, load(place) != nil { return place }
    }
    guard let avoided, avoided < count, load(avoided) != nil else { return nil }
    return avoided
  }

  /// SplitMix64: a syscall a call for randomness would cost more than all else here.
  private mutating func next(below bound: Int) -> Int {
    random &+= 0x9E37_79B9_7F4A_7C15
    var bits = random
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    return Int(bits.multipliedFullWidth(by: UInt64(bound)).high)
  }
}
