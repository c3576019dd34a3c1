import Reactor
import Testing

@testable import RPC

@Suite("What a channel knows of an address")
struct SubchannelTests {
  private var clock = Instant(nanoseconds: 0)
  private var subchannel = Subchannel(backoff: Backoff(initial: .milliseconds(20), maximum: .seconds(1)))

  @Test("connects when it is wanted, once")
  mutating func wanted() {
    #expect(subchannel.state == .idle)
    #expect(subchannel.wanted(now: clock) == .connect)
    #expect(subchannel.wanted(now: clock) == .none)
    subchannel.becameReady()
    #expect(subchannel.state == .ready)
    #expect(subchannel.wanted(now: clock) == .none)
  }

  @Test("waits longer after each failure, and the shortest time again once the server has spoken")
  mutating func backoff() {
    var waits: [Duration] = []
    for round in 0..<9 {
      if round == 8 {
        clock = clock.advanced(by: .seconds(1))
        _ = subchannel.wanted(now: clock)
        subchannel.becameReady()
        subchannel.ended(inOrder: true, now: clock)
      }
      clock = clock.advanced(by: .seconds(1))
      #expect(subchannel.wanted(now: clock) == .connect)
      guard case .wait(let wait) = subchannel.attemptFailed("refused", chance: 0.5) else {
        Issue.record("no wait after a failure")
        return
      }
      waits.append(wait)
      #expect(subchannel.wanted(now: clock) == .none)
      #expect(subchannel.failure == "refused")
      subchannel.waitOver()
    }
    #expect(waits == [20, 40, 80, 160, 320, 640, 1000, 1000, 20].map { .milliseconds($0) })
  }

  @Test("says that it must wait exactly when being wanted begins no attempt")
  mutating func mustWait() {
    for step in 0..<40 {
      let mustWait = subchannel.mustWait(now: clock)
      let action = subchannel.wanted(now: clock)
      #expect(mustWait == (action != .connect), "step \(step)")
      if action == .connect { _ = subchannel.attemptFailed("refused", chance: 0) }
      clock = clock.advanced(by: .milliseconds(7))
      if step % 2 == 0 { subchannel.waitOver() }
    }
  }

  @Test("a server that takes connections only to end them is not asked in a tight loop")
  mutating func flapping() {
    var attempts = 0
    for _ in 0..<1000 {
      switch subchannel.wanted(now: clock) {
      case .connect:
        attempts += 1
        subchannel.becameReady()
        subchannel.ended(inOrder: attempts.isMultiple(of: 2), now: clock)
      case .wait(let time):
        clock = clock.advanced(by: time)
        subchannel.waitOver()
      case .none:
        Issue.record("neither connects nor waits")
      }
    }
    #expect(clock >= Instant(nanoseconds: 0).advanced(by: .milliseconds(20) * (attempts - 1)))
  }

  @Test("knows a server that restarts from one that is gone")
  mutating func restart() {
    _ = subchannel.wanted(now: clock)
    subchannel.becameReady()
    subchannel.ended(inOrder: true, now: clock)
    let soon = clock.advanced(by: .seconds(1))
    #expect(subchannel.isRestarting(now: soon, grace: .seconds(2)))
    #expect(subchannel.restartTime(now: soon, grace: .seconds(2)) == .seconds(1))
    #expect(!subchannel.isRestarting(now: soon, grace: .seconds(1)))
    // One that comes back and breaks does not restart.
    clock = soon
    _ = subchannel.wanted(now: clock)
    subchannel.becameReady()
    subchannel.ended(inOrder: false, now: clock)
    #expect(!subchannel.isRestarting(now: clock, grace: .seconds(2)))
  }
}
