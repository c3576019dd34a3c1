internal import Reactor

/// The order in which the addresses of a name are tried, and when the next one is: "happy eyeballs" (RFC 8305). The families take turns, and
/// an address that keeps silent holds up the next one for a moment only. Pure.
struct AddressRace {
  enum Action: Equatable {
    /// Begin with the address at this place, and say `delayPassed` after a while unless it has failed or won by then.
    case connect(Int)
    /// Every address is being tried or has failed.
    case wait
    /// All have failed.
    case lost
  }

  private var next = 0
  private var running = 0
  private let count: Int

  /// What an attempt may keep silent for before the next one begins beside it (RFC 8305 §5).
  static let delay = Duration.milliseconds(250)

  init(count: Int) {
    self.count = count
  }

  /// The race begins, or the newest attempt has kept silent for the delay.
  mutating func proceed() -> Action {
    guard next < count else { return running > 0 ? .wait : .lost }
    defer { next += 1 }
    running += 1
    return .connect(next)
  }

  /// One of the addresses that were tried has failed: the next one need not wait.
  mutating func failed() -> Action {
    running -= 1
    return proceed()
  }

  /// Addresses as they are to be tried (RFC 8305 §4): in the order given, but the families in turn. What is there twice is tried once.
  static func order(_ addresses: [SocketAddress]) -> [SocketAddress] {
    var seen = Set<SocketAddress>()
    let unique = addresses.filter { seen.insert($0).inserted }
    guard let first = unique.first else { return [] }
    let preferred = unique.filter { $0.isIPv6 == first.isIPv6 }
    let others = unique.filter { $0.isIPv6 != first.isIPv6 }
    var result: [SocketAddress] = []
    for place in 0..<max(preferred.count, others.count) {
      if place < preferred.count { result.append(preferred[place]) }
      if place < others.count { result.append(others[place]) }
    }
    return result
  }
}

extension SocketAddress {
  fileprivate var isIPv6: Bool { if case .ipv6 = self { true } else { false } }
}
