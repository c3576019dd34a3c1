import Protobuf
import RPC
import Reactor
import Testing

@Suite("Streams of messages")
struct StreamingTests {
  @Test("a server streams, its status comes last")
  func serverStreaming() async throws {
    try await RPCWorld.run { world in
      for count in [0, 1, 500] {
        let reader: MessageReader<StringValue> = try await world.channel.serverStreaming(
          Kitchen.count, Int64Value(Int64(count)))
        var got = 0
        while let message = try await reader.next() {
          #expect(message.value.hasPrefix("\(got) "))
          got += 1
        }
        #expect(got == count)
      }
      let reader: MessageReader<StringValue> = try await world.channel.serverStreaming(Kitchen.count, Int64Value(13))
      for _ in 0..<13 { _ = try await reader.next() }
      let error = await #expect(throws: RPCError.self) { try await reader.next() }
      #expect(error?.code == .outOfRange)
      #expect(error?.message == "thirteen")
    }
  }

  @Test("a reader that does not read stops the writer")
  func slowReader() async throws {
    try await RPCWorld.run { world in
      let reader: MessageReader<StringValue> = try await world.channel.serverStreaming(
        Kitchen.count, Int64Value(20_000))
      _ = try await reader.next()
      try await Task.sleep(for: .milliseconds(300))
      let sent = world.kitchen.seen.sent
      #expect(sent < 5000)
      var got = 1
      while try await reader.next() != nil { got += 1 }
      #expect(got == 20_000)
    }
  }

  @Test("a client streams and gets one answer")
  func clientStreaming() async throws {
    try await RPCWorld.run { world in
      let stream: ClientStream<Int64Value, Int64Value> = try await world.channel.clientStreaming(Kitchen.sum)
      for value in 1...1000 { try await stream.requests.send(Int64Value(Int64(value))) }
      let sum = try await stream.finish()
      #expect(sum.value == 500_500)
    }
  }

  @Test("both sides stream in turn, and either may end it")
  func bidirectional() async throws {
    try await RPCWorld.run { world in
      let stream: BidirectionalStream<StringValue, StringValue> = try await world.channel.bidirectional(Kitchen.chat)
      for index in 0..<100 {
        try await stream.requests.send(StringValue("\(index)"))
        let answer = try await stream.responses.next()
        #expect(answer?.value == "\(index)?")
      }
      await stream.finish()
      let end = try await stream.responses.next()
      #expect(end == nil)

      let stopped: BidirectionalStream<StringValue, StringValue> = try await world.channel.bidirectional(Kitchen.chat)
      try await stopped.requests.send(StringValue("stop"))
      let error = await #expect(throws: RPCError.self) { try await stopped.responses.next() }
      #expect(error?.code == .aborted)
      let late = await #expect(throws: RPCError.self) {
        for _ in 0..<1000 { try await stopped.requests.send(StringValue("more")) }
      }
      #expect(late?.code == .aborted)

      let cancelled: BidirectionalStream<StringValue, StringValue> = try await world.channel.bidirectional(Kitchen.chat)
      try await cancelled.requests.send(StringValue("x"))
      _ = try await cancelled.responses.next()
      await cancelled.cancel()
      let own = await #expect(throws: RPCError.self) { try await cancelled.responses.next() }
      #expect(own?.code == .cancelled)
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }
}
