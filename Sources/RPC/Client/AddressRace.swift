/// When the next address of a name is tried: "happy eyeballs" (RFC 8305). An address that keeps silent holds up the next one for a moment
/// only, one that fails not at all. The order is that of `NameResolver`, the families in turn. Pure.
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
}
