import Protobuf
import RPC
import Reactor
import Testing

/// Against a server made of single frames, `Python/raw_server.py`.
@Suite("A channel and a server that plays a case")
struct ScriptedServerTests {
  private func run(
    _ name: String, _ argument: String? = nil, _ body: (Channel, PythonServer) async throws -> Void
  ) async throws {
    let server = try argument.map { try PythonServer("raw_server.py", name, $0) } ?? PythonServer("raw_server.py", name)
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let channel = Channel(target: [server.address], group: group)
    try await body(channel, server)
    await channel.close()
    let said = try await BlockingPool(threads: 1, queueLimit: 1).run { [server = Unchecked(server)] in
      server.value.read()
    }
    #expect(said == "ok", "\(name)")
    server.stop()
  }

  private static let size = 1000
  /// What a message of that many bytes takes on the wire: its prefix, the field's tag and length.
  private static let wireSize = size + 5 + 3

  private func stream(_ count: Int, over channel: Channel) async throws -> String {
    try await channel.clientStreaming(Kitchen.sum) { (stream: ClientStream<StringValue, StringValue>) in
      for _ in 0..<count { try await stream.requests.send(StringValue(String(repeating: "x", count: Self.size))) }
      return try await stream.finish().value
    }
  }

  @Test(
    "a streaming request that the server has not looked at is sent again as a whole",
    arguments: ["refused", "goaway"], [0, 1, 5, 20])
  func replayed(name: String, messages: Int) async throws {
    try await run(name, String(messages * Self.wireSize)) { channel, _ in
      let length = try await stream(20, over: channel)
      #expect(length == String(20 * Self.wireSize))
    }
  }

  @Test("a request that was too large to be held fails instead of being sent in part, and never waits for ever")
  func tooLarge() async throws {
    let server = try PythonServer("raw_server.py", "refused_for_good", String(120 * Self.wireSize))
    defer { server.stop() }
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let channel = Channel(target: [server.address], group: group)
    let error = await #expect(throws: RPCError.self) { try await stream(120, over: channel) }
    #expect(error?.code == .unavailable)
  }

  @Test("a call that waits for a server waits on when connections end before the server has spoken")
  func beforeSettings() async throws {
    try await run("before_settings") { channel, _ in
      let reply: StringValue = try await channel.unary(
        Kitchen.command, StringValue("x"), options: CallOptions(waitsForReady: true))
      #expect(reply.value == "patient")
    }
  }

  @Test("calls over the server's limit of streams wait in the channel, and go when it grows")
  func growingLimit() async throws {
    try await run("settings_grow") { channel, _ in
      try await withThrowingTaskGroup(of: String.self) { tasks in
        for _ in 0..<10 {
          tasks.addTask {
            let reply: StringValue = try await channel.unary(Kitchen.command, StringValue("x"))
            return reply.value
          }
        }
        for try await value in tasks { #expect(value == "x") }
      }
    }
  }

  @Test("a deadline or a cancellation takes a call out that waits for a stream, and nothing of it is ever sent")
  func noRoom() async throws {
    try await run("no_room") { channel, server in
      let connecting = Task {
        let _: StringValue = try await channel.unary(
          Kitchen.command, StringValue("x"), options: CallOptions(waitsForReady: true))
      }
      let said = try await BlockingPool(threads: 1, queueLimit: 1).run { [server = Unchecked(server)] in
        server.value.read()
      }
      #expect(said == "ready")
      connecting.cancel()
      let options = CallOptions(deadline: .after(.milliseconds(50)))
      for _ in 0..<3 {
        let late = await #expect(throws: RPCError.self) {
          let _: StringValue = try await channel.unary(Kitchen.command, StringValue("x"), options: options)
        }
        #expect(late?.code == .deadlineExceeded)
        let stream = await channel.bidirectional(Kitchen.chat, options: options) {
          (chat: BidirectionalStream<StringValue, StringValue>) in
          await #expect(throws: RPCError.self) { try await chat.responses.next() }?.code
        }
        #expect(stream == .deadlineExceeded)
      }
      try server.proceed()
      let reply: StringValue = try await channel.unary(Kitchen.command, StringValue("x"))
      #expect(reply.value == "at last")
    }
  }
}

/// Carries the server to the thread that waits for what it prints.
// @unchecked Sendable: the test does nothing else with it meanwhile.
private struct Unchecked: @unchecked Sendable {
  let value: PythonServer
  init(_ value: PythonServer) { self.value = value }
}
