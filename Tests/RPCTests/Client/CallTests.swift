import Protobuf
import RPC
import Reactor
import Testing

@Suite("Calls between our channel and our server")
struct CallTests {
  @Test("every status code and any message arrive", arguments: StatusCode.allCases.filter { $0 != .ok })
  func status(code: StatusCode) async throws {
    try await RPCWorld.run { world in
      for message in ["", "plain", "100 % grüße\n\t\"\u{1F600}\"", " spaces "] {
        let error = await world.failure("fail \(code.rawValue) \(message)")
        #expect(error?.code == code)
        #expect(error?.message == message)
        #expect(error?.metadata["x-failed"] == "yes")
      }
    }
  }

  @Test("metadata goes both ways, text and bytes")
  func metadata() async throws {
    try await RPCWorld.run { world in
      var metadata: Metadata = ["x-text": "some text"]
      metadata.append([0, 127, 128, 255], for: "x-bytes-bin")
      let reply = try await world.reply("metadata", options: CallOptions(metadata: metadata))
      let text = try StringValue(serialized: reply.message).value
      #expect(text == "some text [0, 127, 128, 255]")
      #expect(reply.initialMetadata["x-head"] == "head")
      #expect(reply.trailingMetadata["x-tail"] == "tail")
      #expect(reply.trailingMetadata.bytes("x-tail-bin") == [0, 1, 255])
      #expect(reply.trailingMetadata["x-head"] == nil)
    }
  }

  @Test("what belongs to the protocol is not shown as metadata")
  func reserved() async throws {
    try await RPCWorld.run { world in
      let names = try await world.tell("names", options: CallOptions(metadata: ["x-mine": "1"]))
      #expect(names == "x-mine")
    }
  }

  @Test("messages of many sizes pass whole", arguments: [0, 1, 16_000, 16_384, 100_000, 4_000_000])
  func sizes(count: Int) async throws {
    try await RPCWorld.run { world in
      let large = try await world.tell("large \(count)")
      #expect(large.utf8.count == count)
      let command = "size " + String(repeating: "s", count: count)
      let size = try await world.tell(command)
      #expect(size == String(command.utf8.count))
    }
  }

  @Test("a message over the limit is refused on either side")
  func limits() async throws {
    var server = ServerConfiguration()
    server.maximumRequestBytes = 10_000
    try await RPCWorld.run(server: server) { world in
      let request = await world.failure("size " + String(repeating: "s", count: 20_000))
      #expect(request?.code == .resourceExhausted)
      let far = await world.failure("size " + String(repeating: "s", count: 3_000_000))
      #expect(far?.code == .resourceExhausted)
      let response = await world.failure("large 20000", options: CallOptions(maximumResponseBytes: 10_000))
      #expect(response?.code == .resourceExhausted)
      let text = try await world.tell("large 20000")
      #expect(text.utf8.count == 20_000)
    }
  }

  @Test("many calls at once share the connection")
  func concurrent() async throws {
    try await RPCWorld.run { world in
      try await withThrowingTaskGroup(of: Bool.self) { tasks in
        for index in 0..<500 {
          tasks.addTask { try await world.tell("\(index)") == "\(index)!" }
        }
        for try await same in tasks { #expect(same) }
      }
    }
  }

  @Test("a deadline is sent along, enforced on both sides, and cancels the handler")
  func deadline() async throws {
    try await RPCWorld.run { world in
      let none = try await world.tell("deadline")
      #expect(none == "never")
      let left = try await world.tell("deadline", options: CallOptions(deadline: .after(.seconds(100))))
      #expect((50_000...100_000).contains(Double(left) ?? 0))
      async let error = world.failure("sleep 60000", options: CallOptions(deadline: .after(.seconds(2))))
      #expect(await eventually { world.kitchen.seen.started == 1 })
      #expect(await error?.code == .deadlineExceeded)
      #expect(await eventually { world.kitchen.seen.cancelled == 1 })
      let passed = await world.failure("anything", options: CallOptions(deadline: .after(.milliseconds(-1))))
      #expect(passed?.code == .deadlineExceeded)
    }
  }

  @Test("cancelling the task ends the call on both sides")
  func cancel() async throws {
    try await RPCWorld.run { world in
      let task = Task { await world.failure("sleep 60000") }
      #expect(await eventually { world.kitchen.seen.started == 1 })
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      #expect(await eventually { world.kitchen.seen.cancelled == 1 })
      let running = await world.server.runningCalls()
      #expect(running == 0)
    }
  }

  @Test("a method nobody serves is unimplemented")
  func unknownMethod() async throws {
    try await RPCWorld.run { world in
      for path in ["/test.Kitchen/Nothing", "/test.Nobody/Do", "/", "/test.Kitchen/Do/More"] {
        let error = await #expect(throws: RPCError.self) {
          try await world.channel.unaryBytes(path: path, message: [])
        }
        #expect(error?.code == .unimplemented, "\(path)")
      }
    }
  }
}
