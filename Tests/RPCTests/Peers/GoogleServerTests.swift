import Protobuf
import RPC
import Reactor
import Testing

@Suite("Our channel and Google's server")
struct GoogleServerTests {
  private func withServer(_ body: (Channel) async throws -> Void) async throws {
    let server = try PythonServer()
    defer { server.stop() }
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    try await body(Channel(target: [server.address], group: group))
  }

  private func tell(
    _ channel: Channel, _ command: String, _ options: CallOptions = CallOptions()
  ) async throws(RPCError) -> String {
    let reply: StringValue = try await channel.unary(Kitchen.command, StringValue(command), options: options)
    return reply.value
  }

  @Test("statuses and their messages arrive")
  func statuses() async throws {
    try await withServer { channel in
      for code in StatusCode.allCases where code != .ok {
        for message in ["plain", "100 % grüße\n\t\u{1F600}", " spaces "] {
          do throws(RPCError) {
            _ = try await tell(channel, "fail \(code.rawValue) \(message)")
            Issue.record("\(code) did not fail")
          } catch {
            #expect(error.code == code)
            #expect(error.message == message)
            #expect(error.metadata["x-failed"] == "yes")
          }
        }
      }
    }
  }

  @Test("metadata, sizes and deadlines")
  func unary() async throws {
    try await withServer { channel in
      var metadata: Metadata = ["x-text": "some text"]
      metadata.append([0, 127, 128, 255], for: "x-bytes-bin")
      let reply = try await channel.unaryBytes(
        path: Kitchen.command.path, message: try StringValue("metadata").serialized(),
        options: CallOptions(metadata: metadata))
      #expect(try StringValue(serialized: reply.message).value == "some text [0, 127, 128, 255]")
      #expect(reply.initialMetadata["x-head"] == "head")
      #expect(reply.trailingMetadata.bytes("x-tail-bin") == [0, 1, 255])
      for count in [0, 1, 100_000, 4_000_000] {
        let large = try await tell(channel, "large \(count)")
        #expect(large.utf8.count == count)
      }
      let size = try await tell(channel, "size " + String(repeating: "s", count: 4_000_000))
      #expect(size == "4000005")
      let left = try await tell(channel, "deadline", CallOptions(deadline: .after(.seconds(100))))
      #expect((50_000...100_001).contains(Double(left) ?? 0))
      let error = await #expect(throws: RPCError.self) {
        try await tell(channel, "sleep 3000", CallOptions(deadline: .after(.milliseconds(100))))
      }
      #expect(error?.code == .deadlineExceeded)
    }
  }

  @Test("streams of all kinds")
  func streams() async throws {
    try await withServer { channel in
      let got = try await channel.serverStreaming(Kitchen.count, Int64Value(300)) {
        (counted: MessageReader<StringValue>) in
        var got = 0
        while let message = try await counted.next() {
          #expect(message.value == "\(got) ")
          got += 1
        }
        return got
      }
      #expect(got == 300)
      let sum = try await channel.clientStreaming(Kitchen.sum) { (sum: ClientStream<Int64Value, Int64Value>) in
        for value in 1...1000 { try await sum.requests.send(Int64Value(Int64(value))) }
        return try await sum.finish()
      }
      #expect(sum.value == 500_500)
      try await channel.bidirectional(Kitchen.chat) { (chat: BidirectionalStream<StringValue, StringValue>) in
        for index in 0..<50 {
          try await chat.requests.send(StringValue("\(index)"))
          #expect(try await chat.responses.next()?.value == "\(index)?")
        }
        chat.finish()
        #expect(try await chat.responses.next() == nil)
      }
    }
  }
}
