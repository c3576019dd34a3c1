import Protobuf
import RPC
import Reactor
import TestSupport
import Testing

@Suite("A channel")
struct ChannelTests {
  private func tell(
    _ channel: Channel, _ command: String, _ options: CallOptions = CallOptions()
  ) async -> Result<String, RPCError> {
    do throws(RPCError) {
      let reply: StringValue = try await channel.unary(Kitchen.command, StringValue(command), options: options)
      return .success(reply.value)
    } catch {
      return .failure(error)
    }
  }

  /// How a call ends.
  private func code(
    _ channel: Channel, _ command: String, _ options: CallOptions = CallOptions()
  ) async -> StatusCode {
    if case .failure(let error) = await tell(channel, command, options) { error.code } else { .ok }
  }

  @Test("says that nobody listens, and finds the server when it comes")
  func comesLater() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let address = try SocketAddress(host: "127.0.0.1", port: freePort())
    var configuration = ChannelConfiguration()
    configuration.initialBackoff = .milliseconds(20)
    configuration.maximumBackoff = .milliseconds(100)
    let channel = Channel(target: [address], configuration: configuration, group: group)
    #expect(await code(channel, "x") == .unavailable)
    async let patient = tell(
      channel, "patient", CallOptions(deadline: .after(.seconds(60)), waitsForReady: true))
    let server = Server(services: [Kitchen()], group: group)
    _ = try await server.start(on: address)
    #expect(try await patient.get() == "patient!")
    #expect(try await tell(channel, "x").get() == "x!")
    await server.close()
  }

  @Test("a call that waits for the server gives up at its deadline")
  func waits() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let channel = Channel(target: [try SocketAddress(host: "127.0.0.1", port: freePort())], group: group)
    let options = CallOptions(deadline: .after(.milliseconds(300)), waitsForReady: true)
    #expect(await code(channel, "x", options) == .deadlineExceeded)
  }

  @Test("goes on over another connection when the server was restarted")
  func restart() async throws {
    let group = try EventLoopGroup(count: 2)
    defer { group.stop() }
    let first = Server(services: [Kitchen()], group: group)
    let address = try await first.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    let channel = Channel(target: [address], group: group)
    #expect(try await tell(channel, "one").get() == "one!")
    for round in 0..<5 {
      let old = round == 0 ? first : Server(services: [Kitchen()], group: group)
      if round > 0 { _ = try await old.start(on: address) }
      let patient = CallOptions(deadline: .after(.seconds(60)), waitsForReady: true)
      #expect(try await tell(channel, "\(round)", patient).get() == "\(round)!")
      if round % 2 == 0 { await old.drain(within: .seconds(5)) }
      await old.close()
    }
  }

  @Test("tries the next address when one does not answer")
  func addresses() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let server = Server(services: [Kitchen()], group: group)
    let address = try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    let channel = Channel(target: [try SocketAddress(host: "127.0.0.1", port: freePort()), address], group: group)
    #expect(try await tell(channel, "x").get() == "x!")
    await server.close()
  }

  @Test("closed, ends in order and takes no more calls")
  func closed() async throws {
    try await RPCWorld.run { world in
      let running = Task { await world.outcome("sleep 300") }
      #expect(await eventually { world.kitchen.seen.started == 1 })
      await world.channel.close()
      #expect(await running.value == "slept")
      let late = await world.failure("x")
      #expect(late?.code == .unavailable)
    }
  }

  @Test("passes deadline and request id on through a service in between, shortened")
  func hops() async throws {
    try await RPCWorld.run { world in
      let group = try EventLoopGroup(count: 1)
      defer { group.stop() }
      let middle = Server(services: [Middle(world.channel)], group: group)
      let address = try await middle.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
      let channel = Channel(target: [address], group: group)
      let options = CallOptions(deadline: .after(.seconds(100)), metadata: ["x-request-id": "r-1", "x-other": "o"])
      let left = try await tell(channel, "deadline", options).get()
      #expect((50_000..<100_000).contains(Double(left) ?? 0))
      #expect(try await tell(channel, "names", options).get() == "x-request-id")
      let hurried = Task { await tell(channel, "sleep 60000", CallOptions(deadline: .after(.seconds(2)))) }
      #expect(await eventually { world.kitchen.seen.started == 1 })
      let late = await #expect(throws: RPCError.self) { try await hurried.value.get() }
      #expect(late?.code == .deadlineExceeded)
      #expect(await eventually { world.kitchen.seen.cancelled == 1 })
      let cancelled = Task { await tell(channel, "sleep 60000") }
      #expect(await eventually { world.kitchen.seen.started == 2 })
      cancelled.cancel()
      let reason = await #expect(throws: RPCError.self) { try await cancelled.value.get() }
      #expect(reason?.code == .cancelled)
      #expect(await eventually { world.kitchen.seen.cancelled == 2 })
    }
  }
}

/// Hands every command to the next server.
private struct Middle: Service {
  private let next: Channel

  init(_ next: Channel) { self.next = next }

  var methods: [ServerMethod] {
    [
      .unary(Kitchen.command) { (request: StringValue, call: ServerCall) async throws(RPCError) -> StringValue in
        try await next.unary(Kitchen.command, request, options: call.outgoing())
      }
    ]
  }
}
