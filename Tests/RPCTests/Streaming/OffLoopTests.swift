import Protobuf
import Reactor
import Testing

@testable import RPC

@Suite("A stream that is read elsewhere than on its loop")
struct OffLoopTests {
  @Test("is handed over by the batch, in order, its end and its error last", arguments: [12, 13])
  func batches(count: Int64) async throws {
    // `Count` sends a thousand bytes a message; thirteen ends with an error.
    try await RPCWorld.run { world in
      try await world.channel.serverStreaming(Kitchen.count, Int64Value(count)) {
        (reader: MessageReader<StringValue>) in
        #expect(EventLoop.current == nil)
        let first = try await reader.next()
        #expect(first?.value.hasPrefix("0 ") == true)
        // All have arrived when the server is through and a later call has come back over the same connection.
        #expect(await eventually { await world.server.runningCalls() == 0 })
        #expect(await world.outcome("after") == "after!")
        for number in 1..<count {
          let message = try await reader.next()
          #expect(message?.value.hasPrefix("\(number) ") == true)
        }
        #expect(reader.ahead.batches <= 3, "\(reader.ahead.batches) ways between the threads for \(count) messages")
        if count == 13 {
          let error = await #expect(throws: RPCError.self) { try await reader.next() }
          #expect(error?.code == .outOfRange)
        } else {
          let end = try await reader.next()
          #expect(end == nil)
        }
      }
    }
  }

  @Test("passes many messages whole and in order, however slowly it is read")
  func many() async throws {
    try await RPCWorld.run { world in
      let got = try await world.channel.serverStreaming(Kitchen.count, Int64Value(20_000)) {
        (reader: MessageReader<StringValue>) in
        var got = 0
        while let message = try await reader.next() {
          if !message.value.hasPrefix("\(got) ") { break }
          got += 1
          if got.isMultiple(of: 5000) { await Task.yield() }
        }
        return got
      }
      #expect(got == 20_000)
    }
  }
}
