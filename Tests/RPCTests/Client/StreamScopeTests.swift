import Protobuf
import RPC
import Reactor
import Testing

private struct Enough: Error {}

private typealias Chat = BidirectionalStream<StringValue, StringValue>

@Suite("The scope of a stream")
struct StreamScopeTests {
  private static let endless = Int64Value(.max)

  /// Nothing of a call is left at the server.
  private func isQuiet(_ world: RPCWorld) async -> Bool {
    await eventually { await world.server.runningCalls() == 0 }
  }

  @Test("leaving it resets what is open: more endless streams than a connection has room for, one after the other")
  func left() async throws {
    try await RPCWorld.run { world in
      for index in 0..<300 {
        do {
          try await world.channel.serverStreaming(Kitchen.count, Self.endless) {
            (reader: MessageReader<StringValue>) in
            #expect(try await reader.next()?.value.hasPrefix("0 ") == true)
            if index.isMultiple(of: 2) { throw Enough() }
          }
        } catch is Enough {}
      }
      #expect(await isQuiet(world))
    }
  }

  @Test("leaving it ends a call that has not begun to answer, or not yet found a connection")
  func leftEarly() async throws {
    try await RPCWorld.run { world in
      for _ in 0..<300 {
        await world.channel.bidirectional(Kitchen.chat) { (_: Chat) in }
        await world.channel.clientStreaming(Kitchen.sum) { (_: ClientStream<Int64Value, Int64Value>) in }
      }
      #expect(await isQuiet(world))
    }
  }

  @Test("a reader that is kept beyond it gets an error, not a stream that nobody ends")
  func kept() async throws {
    try await RPCWorld.run { world in
      let reader = await world.channel.serverStreaming(Kitchen.count, Self.endless) {
        (reader: MessageReader<StringValue>) in reader
      }
      await #expect(throws: RPCError.self) { while try await reader.next() != nil {} }
      #expect(await isQuiet(world))
    }
  }

  @Test("cancelling the task ends the call at once, whatever it waits for", arguments: ["next", "finish", "send"])
  func cancelled(place: String) async throws {
    try await RPCWorld.run { world in
      let task = Task { () async -> RPCError? in
        do {
          switch place {
          case "next":
            try await world.channel.bidirectional(Kitchen.chat) { (chat: Chat) in _ = try await chat.responses.next() }
          case "finish":
            // The handler waits for a message that does not come: `Chat` answers only what it is told.
            try await world.channel.clientStreaming(Kitchen.stuck) { (stream: ClientStream<Int64Value, Int64Value>) in
              _ = try await stream.finish()
            }
          default:
            try await world.channel.clientStreaming(Kitchen.stuck) { (stream: ClientStream<StringValue, Int64Value>) in
              let large = StringValue(String(repeating: "x", count: 100_000))
              while true { try await stream.requests.send(large) }
            }
          }
          return nil
        } catch {
          return error as? RPCError
        }
      }
      #expect(await eventually { await world.server.runningCalls() == 1 })
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      #expect(await isQuiet(world))
    }
  }

  @Test("cancelling the task ends a call that waits for a connection")
  func cancelledWaiting() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let channel = Channel(target: [try SocketAddress(host: "127.0.0.1", port: 1)], group: group)
    let task = Task {
      await channel.bidirectional(Kitchen.chat, options: CallOptions(waitsForReady: true)) { (chat: Chat) in
        await #expect(throws: RPCError.self) { try await chat.responses.next() }?.code
      }
    }
    task.cancel()
    #expect(await task.value == .cancelled)
  }

  @Test("a relay whose caller goes away ends the stream it relays")
  func relay() async throws {
    try await RPCWorld.run { world in
      let group = try EventLoopGroup(count: 1)
      defer { group.stop() }
      let middle = Server(services: [Relay(world.channel)], group: group)
      let address = try await middle.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
      let channel = Channel(target: [address], group: group)
      for _ in 0..<20 {
        try await channel.serverStreaming(Kitchen.count, Self.endless) { (reader: MessageReader<StringValue>) in
          _ = try await reader.next()
        }
      }
      #expect(await eventually { await middle.runningCalls() == 0 })
      #expect(await isQuiet(world))
    }
  }

  @Test("an error of opening is told by the first thing that waits")
  func refused() async throws {
    try await RPCWorld.run { world in
      let options = CallOptions(deadline: .after(.seconds(-1)))
      await world.channel.bidirectional(Kitchen.chat, options: options) { (chat: Chat) in
        let sent = await #expect(throws: RPCError.self) { try await chat.requests.send(StringValue("x")) }
        #expect(sent?.code == .deadlineExceeded)
        let read = await #expect(throws: RPCError.self) { try await chat.responses.next() }
        #expect(read?.code == .deadlineExceeded)
      }
    }
  }
}

/// Hands every message of `Count` on.
private struct Relay: Service {
  private let next: Channel

  init(_ next: Channel) { self.next = next }

  var methods: [ServerMethod] {
    [
      .serverStreaming(Kitchen.count) {
        (request: Int64Value, writer: MessageWriter<StringValue>, call: ServerCall) async throws(RPCError) in
        try await next.serverStreaming(Kitchen.count, request, options: call.outgoing()) {
          (reader: MessageReader<StringValue>) async throws(RPCError) in
          while let message = try await reader.next() { try await writer.send(message) }
        }
      }
    ]
  }
}
