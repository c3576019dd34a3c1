import Reactor
import Testing

@testable import RPC

@Suite("When a name is looked up")
struct ResolverTests {
  private var clock = Instant(nanoseconds: 0)
  private var resolver = Resolver(
    interval: .seconds(30), backoff: Backoff(initial: .milliseconds(20), maximum: .seconds(1)))

  private mutating func pass(_ time: Duration) { clock = clock.advanced(by: time) }

  private mutating func lookUp() {
    #expect(resolver.wanted(now: clock) == .lookUp)
    resolver.found(now: clock)
  }

  @Test("before the first call, and once at a time")
  mutating func first() {
    #expect(resolver.wanted(now: clock) == .lookUp)
    #expect(resolver.isLookingUp)
    #expect(resolver.wanted(now: clock) == .none)
    resolver.found(now: clock)
    #expect(resolver.wanted(now: clock) == .none)
  }

  @Test("again when a call is made and the answer is older than the interval")
  mutating func interval() {
    lookUp()
    pass(.seconds(29))
    #expect(resolver.wanted(now: clock) == .none)
    pass(.seconds(1))
    #expect(resolver.wanted(now: clock) == .lookUp)
  }

  @Test("again when a connection fails, at most once a second")
  mutating func connectionFailed() {
    lookUp()
    resolver.connectionFailed(now: clock)
    #expect(resolver.wanted(now: clock) == .none)
    pass(.seconds(1))
    lookUp()
    pass(.seconds(5))
    resolver.connectionFailed(now: clock)
    lookUp()
  }

  @Test("again after a wait that grows while look-ups fail")
  mutating func failed() {
    for wait in [20, 40, 80] {
      #expect(resolver.wanted(now: clock) == .lookUp)
      #expect(resolver.failed("no such name", chance: 0.5) == .wait(.milliseconds(wait)))
      #expect(resolver.failure == "no such name")
      #expect(!resolver.isLookingUp)
      #expect(resolver.wanted(now: clock) == .none)
      resolver.waitOver()
    }
    lookUp()
    #expect(resolver.failure == nil)
  }

  @Test("never for addresses")
  func addresses() {
    var fixed = Resolver(interval: nil, backoff: Backoff(initial: .milliseconds(20), maximum: .seconds(1)))
    #expect(fixed.wanted(now: clock) == .none)
    fixed.connectionFailed(now: clock)
    #expect(fixed.wanted(now: clock.advanced(by: .seconds(1000))) == .none)
  }
}
