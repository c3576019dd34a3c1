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
        let got = try await world.channel.serverStreaming(Kitchen.count, Int64Value(Int64(count))) {
          (reader: MessageReader<StringValue>) in
          var got = 0
          while let message = try await reader.next() {
            #expect(message.value.hasPrefix("\(got) "))
            got += 1
          }
          return got
        }
        #expect(got == count)
      }
      let error = await #expect(throws: RPCError.self) {
        try await world.channel.serverStreaming(Kitchen.count, Int64Value(13)) {
          (reader: MessageReader<StringValue>) in
          for _ in 0..<13 { #expect(try await reader.next() != nil) }
          _ = try await reader.next()
        }
      }
      #expect(error?.code == .outOfRange)
      #expect(error?.message == "thirteen")
    }
  }

  @Test("a reader that does not read stops the writer")
  func slowReader() async throws {
    try await RPCWorld.run { world in
      let got = try await world.channel.serverStreaming(Kitchen.count, Int64Value(20_000)) {
        (reader: MessageReader<StringValue>) in
        _ = try await reader.next()
        try await Task.sleep(for: .milliseconds(300))
        let sent = world.kitchen.seen.sent
        #expect(sent < 5000)
        var got = 1
        while try await reader.next() != nil { got += 1 }
        return got
      }
      #expect(got == 20_000)
    }
  }

  @Test("a client streams and gets one answer")
  func clientStreaming() async throws {
    try await RPCWorld.run { world in
      let sum = try await world.channel.clientStreaming(Kitchen.sum) { (stream: ClientStream<Int64Value, Int64Value>) in
        for value in 1...1000 { #expect(try await stream.requests.send(Int64Value(Int64(value)))) }
        return try await stream.finish()
      }
      #expect(sum.value == 500_500)
    }
  }

  @Test("both sides stream in turn, and either may end it")
  func bidirectional() async throws {
    try await RPCWorld.run { world in
      try await world.channel.bidirectional(Kitchen.chat) { (stream: BidirectionalStream<StringValue, StringValue>) in
        for index in 0..<100 {
          try await stream.requests.send(StringValue("\(index)"))
          let answer = try await stream.responses.next()
          #expect(answer?.value == "\(index)?")
        }
        stream.finish()
        #expect(try await stream.responses.next() == nil)
      }

      try await world.channel.bidirectional(Kitchen.chat) { (stream: BidirectionalStream<StringValue, StringValue>) in
        try await stream.requests.send(StringValue("stop"))
        let error = await #expect(throws: RPCError.self) { try await stream.responses.next() }
        #expect(error?.code == .aborted)
        let late = await #expect(throws: RPCError.self) { try await stream.requests.send(StringValue("more")) }
        #expect(late?.code == .aborted)
      }

      try await world.channel.bidirectional(Kitchen.chat) { (stream: BidirectionalStream<StringValue, StringValue>) in
        try await stream.requests.send(StringValue("x"))
        _ = try await stream.responses.next()
        stream.cancel()
        let own = await #expect(throws: RPCError.self) { try await stream.responses.next() }
        #expect(own?.code == .cancelled)
      }
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }

  @Test("a message after the last one is refused")
  func afterFinish() async throws {
    try await RPCWorld.run { world in
      await world.channel.bidirectional(Kitchen.chat) { (stream: BidirectionalStream<StringValue, StringValue>) in
        stream.finish()
        let error = await #expect(throws: RPCError.self) { try await stream.requests.send(StringValue("more")) }
        #expect(error != nil)
      }
    }
  }

  @Test("a server that has heard enough and answers OK stops the sender without an error")
  func earlyAnswer() async throws {
    let whole = RawCall.frame(RawAnswer.message)
    for messages in [0, 1, 3] {
      let reply = try await RawServer.run(answering: { stream, _, _ in
        RawAnswer(body: whole, trailers: ["grpc-status": "0"]).send(stream)
      }) { channel in
        try await channel.clientStreaming(Kitchen.sum) { (stream: ClientStream<Int64Value, StringValue>) in
          for value in 0..<messages { try await stream.requests.send(Int64Value(Int64(value))) }
          while try await stream.requests.send(Int64Value(7)) {}
          return try await stream.finish()
        }
      }
      #expect(reply.value == "raw")
    }
  }
}
