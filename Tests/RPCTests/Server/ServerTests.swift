import Protobuf
import RPC
import Reactor
import Synchronization
import Testing

@Suite("A server")
struct ServerTests {
  @Test("that drains finishes the calls that run and takes no new ones")
  func drain() async throws {
    try await RPCWorld.run { world in
      try await world.channel.bidirectional(Kitchen.chat) { (chat: BidirectionalStream<StringValue, StringValue>) in
        // The call runs before the drain begins.
        try await chat.requests.send(StringValue("zero"))
        #expect(try await chat.responses.next()?.value == "zero?")
        async let drained: Void = world.server.drain(within: .seconds(60))
        #expect(await eventually { world.server.health.status(of: "test.Kitchen") == .notServing })
        for line in ["one", "two"] {
          try await chat.requests.send(StringValue(line))
          #expect(try await chat.responses.next()?.value == line + "?")
        }
        chat.finish()
        #expect(try await chat.responses.next() == nil)
        await drained
      }
      let late = await world.failure("late")
      #expect(late?.code == .unavailable)
    }
  }

  @Test("goes on serving when nobody holds it any more")
  func released() async throws {
    let group = try EventLoopGroup(count: 2)
    defer { group.stop() }
    var server: Server? = Server(services: [Kitchen()], group: group)
    let address = try #require(try await server?.start(on: try SocketAddress(host: "127.0.0.1", port: 0)))
    weak let released = server
    server = nil
    #expect(released == nil)
    for _ in 0..<8 {
      let clients = try EventLoopGroup(count: 1)
      let channel = Channel(target: [address], group: clients)
      let reply: StringValue = try await channel.unary(Kitchen.command, StringValue("still"))
      #expect(reply.value == "still!")
      clients.stop()
    }
  }

  @Test("cuts off what still runs when the time to drain is over")
  func drainLimit() async throws {
    try await RPCWorld.run { world in
      let running = Task { await world.failure("sleep 60000") }
      #expect(await eventually { world.kitchen.seen.started == 1 })
      await world.server.drain(within: .milliseconds(200))
      #expect(await running.value?.code == .unavailable)
      #expect(await eventually { world.kitchen.seen.cancelled == 1 })
    }
  }

  @Test("at its limit of calls refuses the next one and recovers")
  func calls() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumCalls = 3
    try await RPCWorld.run(server: configuration) { world in
      let running = (0..<3).map { _ in Task { await world.failure("sleep 60000") } }
      #expect(await eventually { world.kitchen.seen.started == 3 })
      let refused = await world.failure("one more")
      #expect(refused?.code == .resourceExhausted)
      for task in running { task.cancel() }
      #expect(await eventually { await world.server.runningCalls() == 0 })
      #expect(await world.outcome("again") == "again!")
    }
  }

  @Test("lets calls over a connection's limit wait for their turn, or for their deadline")
  func callsOfConnection() async throws {
    var configuration = ServerConfiguration()
    configuration.connectionLimits.concurrentStreams = 2
    try await RPCWorld.run(server: configuration) { world in
      let many = (0..<50).map { index in Task { await world.outcome("\(index)") } }
      for (index, task) in many.enumerated() { #expect(await task.value == "\(index)!") }
      let running = (0..<2).map { _ in Task { await world.failure("sleep 60000") } }
      #expect(await eventually { world.kitchen.seen.started == 2 })
      let late = await world.failure("x", options: CallOptions(deadline: .after(.milliseconds(50))))
      #expect(late?.code == .deadlineExceeded)
      #expect(await world.server.runningCalls() == 2)
      for task in running { task.cancel() }
      #expect(await world.outcome("again") == "again!")
    }
  }

  @Test("lets connections over its limit wait until another one has closed")
  func connections() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumConnections = 1
    try await RPCWorld.run(server: configuration) { world in
      #expect(await world.outcome("first") == "first!")
      let group = try EventLoopGroup(count: 1)
      defer { group.stop() }
      let second = Channel(target: [world.address], group: group)
      let waiting = Task { () async throws(RPCError) -> StringValue in
        try await second.unary(Kitchen.command, StringValue("second"))
      }
      for _ in 0..<20 { #expect(await world.outcome("first") == "first!") }
      await world.channel.close()
      #expect(try await waiting.value.value == "second!")
    }
  }

  @Test("forgets calls whose caller has vanished")
  func vanished() async throws {
    try await RPCWorld.run { world in
      let group = try EventLoopGroup(count: 1)
      let channel = Channel(target: [world.address], group: group)
      let task = Task {
        let _: StringValue = try await channel.unary(Kitchen.command, StringValue("sleep 60000"))
      }
      #expect(await eventually { world.kitchen.seen.started == 1 })
      // Its loop ends, and with it the connection.
      group.stop()
      #expect(await eventually { world.kitchen.seen.cancelled == 1 })
      task.cancel()
    }
  }

  @Test("asks its interceptors in order and tells them in the opposite order, each once")
  func interceptors() async throws {
    let log = Log()
    var configuration = ServerConfiguration()
    configuration.interceptors = [Note("outer", log), Note("inner", log)]
    try await RPCWorld.run(server: configuration) { world in
      _ = try await world.tell("x")
      #expect(log.take() == ["outer begin", "inner begin", "inner OK", "outer OK"])
      _ = await world.failure("fail 5 no")
      #expect(log.take() == ["outer begin", "inner begin", "inner NOT_FOUND", "outer NOT_FOUND"])
      let refused = await world.failure("x", options: CallOptions(metadata: ["x-refuse": "outer"]))
      #expect(refused?.code == .permissionDenied)
      #expect(log.take() == ["outer begin", "outer PERMISSION_DENIED"])
      // Raw, because a call of the channel might end before it is sent.
      var late = RawCall(changing: ["grpc-timeout": "20m"])
      late.ends = false
      let expired = try await late.send(to: world.address, group: world.group)
      #expect(expired.code == "4")
      #expect(log.take() == ["outer begin", "inner begin", "inner DEADLINE_EXCEEDED", "outer DEADLINE_EXCEEDED"])
    }
  }
}

private final class Log: Sendable {
  private let lines = Mutex<[String]>([])
  func note(_ line: String) { lines.withLock { $0.append(line) } }

  func take() -> [String] {
    lines.withLock { lines in
      defer { lines = [] }
      return lines
    }
  }
}

private struct Note: ServerInterceptor {
  let name: String
  let log: Log

  init(_ name: String, _ log: Log) {
    self.name = name
    self.log = log
  }

  func begin(_ call: ServerCall) throws(RPCError) {
    log.note("\(name) begin")
    if call.metadata["x-refuse"] == name { throw .permissionDenied("refused") }
  }

  func end(_ call: ServerCall, status: StatusCode, at end: Instant) { log.note("\(name) \(status.name)") }
}
