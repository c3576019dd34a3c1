import RPC
import TestSupport
import Testing

@Suite("A client made of single frames and our server")
struct RawFrameTests {
  /// - Parameter cancelled: how many handlers the case leaves in the middle of their work.
  private func run(_ name: String, in world: RPCWorld, cancelled: Int = 0) async throws {
    let port = String(world.address.port ?? 0)
    let result = try await world.blocking {
      let script = TestEnvironment.root.appending(path: "Tests/RPCTests/Python/raw_grpc.py").path
      return try runProcess(TestEnvironment.python, [script, port, name])
    }
    #expect(result.outputText == "ok\n", "\(name): \(result.errorText)")
    #expect(await eventually { await world.server.runningCalls() == 0 })
    #expect(world.kitchen.seen.started == cancelled)
    #expect(world.kitchen.seen.cancelled == cancelled)
    #expect(await eventually { await world.server.heldBytes() == 0 })
  }

  @Test(
    "agree however the frames are cut, reset or too many",
    arguments: [
      ("split", 0), ("padded", 0), ("trailers", 0), ("continuation", 0), ("reset", 1), ("early", 0), ("limit", 0),
    ])
  func agree(name: String, cancelled: Int) async throws {
    var configuration = ServerConfiguration()
    configuration.connectionLimits.concurrentStreams = 4
    try await RPCWorld.run(server: configuration) { try await run(name, in: $0, cancelled: cancelled) }
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
