import RPC
import Reactor
import Testing

@Suite("Handlers in tasks that are used again")
struct HandlerTaskTests {
  @Test("a cancelled call leaves nothing of its cancellation to the calls after it")
  func cancellation() async throws {
    try await RPCWorld.run { world in
      for round in 1...20 {
        let call = Task { await world.failure("sleep 60000") }
        #expect(await eventually { world.kitchen.seen.started == 2 * round - 1 })
        call.cancel()
        #expect(await call.value?.code == .cancelled)
        #expect(await eventually { world.kitchen.seen.cancelled == round })
        // Slept without being cancelled, whichever task it got.
        #expect(await world.outcome("sleep 1") == "slept")
        #expect(world.kitchen.seen.started == 2 * round)
      }
    }
  }

  @Test("a call that has been answered is not cancelled in place of the one that has its task now")
  func answered() async throws {
    try await RPCWorld.run { world in
      for index in 0..<50 {
        let answered = Task { await world.outcome("\(index)") }
        #expect(await answered.value == "\(index)!")
        answered.cancel()
        async let sleeping = world.outcome("sleep 2")
        _ = await world.failure("fail 5")
        #expect(await sleeping == "slept")
      }
      #expect(world.kitchen.seen.cancelled == 0)
    }
  }

  @Test("more calls than tasks are kept run at the same time, again and again")
  func many() async throws {
    var configuration = ServerConfiguration()
    configuration.connectionLimits.concurrentStreams = 1000
    try await RPCWorld.run(server: configuration) { world in
      for _ in 0..<3 {
        let calls = (0..<600).map { _ in Task { await world.outcome("sleep 100") } }
        for call in calls { #expect(await call.value == "slept") }
      }
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }
}
