import RPC
import TestSupport
import Testing

@Suite("A client made of single frames and our server")
struct RawFrameTests {
  private func run(_ name: String, in world: RPCWorld) async throws {
    let port = String(world.address.port ?? 0)
    let result = try await world.blocking {
      let script = TestEnvironment.root.appending(path: "Tests/RPCTests/Python/raw_grpc.py").path
      return try runProcess(TestEnvironment.python, [script, port, name])
    }
    #expect(result.outputText == "ok\n", "\(name): \(result.errorText)")
    #expect(await eventually { await world.server.runningCalls() == 0 })
    #expect(world.kitchen.seen.cancelled == world.kitchen.seen.started)
    #expect(await eventually { await world.server.heldBytes() == 0 })
  }

  @Test(
    "agree however the frames are cut, reset or too many",
    arguments: ["split", "padded", "trailers", "continuation", "reset", "early", "limit"])
  func agree(name: String) async throws {
    var configuration = ServerConfiguration()
    configuration.connectionLimits.concurrentStreams = 4
    try await RPCWorld.run(server: configuration) { try await run(name, in: $0) }
  }

  @Test("a drain is announced, takes what is on its way, names the last call and finishes")
  func drain() async throws {
    try await RPCWorld.run { world in
      async let peer: Void = run("drain", in: world)
      #expect(await eventually { await world.server.runningCalls() == 1 })
      await world.server.drain(within: .seconds(60))
      try await peer
    }
  }
}
