import HTTP2
import Protobuf
import RPC
import Reactor
import Synchronization
import Testing

/// A stream as its server sees it: kept open, its end noted.
private final class Held: HTTP2StreamDelegate, Sendable {
  private let ends: Mutex<[HTTP2ErrorCode]> = Mutex([])

  var codes: [HTTP2ErrorCode] { ends.withLock { $0 } }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) { stream.consume(bytes.byteCount) }
  func ended(_ stream: HTTP2Stream) {}
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) { ends.withLock { $0.append(code) } }
}

@Suite("A call that reaches its deadline")
struct DeadlineGraceTests {
  private func call(_ channel: Channel, deadline: Deadline = .never) async -> StatusCode {
    do throws(RPCError) {
      let _: StringValue = try await channel.unary(
        Kitchen.command, StringValue("x"), options: CallOptions(deadline: deadline))
      return .ok
    } catch {
      return error.code
    }
  }

  @Test(
    "leaves its stream to the server, which knows the deadline, and resets it only where the server does not end it")
  func grace() async throws {
    let clock = ManualClock()
    let held = Held()
    let arrived = Mutex(0)
    try await RawServer.run(clock: clock) { stream, _, number in
      if number == 0 {
        stream.delegate = held
      } else {
        RawAnswer(body: RawCall.frame(RawAnswer.message), trailers: ["grpc-status": "0"]).send(stream)
      }
      arrived.withLock { $0 += 1 }
    } _: { channel in
      async let late = call(channel, deadline: clock.deadline(after: .milliseconds(100)))
      #expect(await eventually { arrived.withLock { $0 } == 1 })
      await clock.advance(by: .milliseconds(100))
      #expect(await late == .deadlineExceeded)
      // A reset would have come before this call.
      #expect(await call(channel) == .ok)
      #expect(held.codes == [])
      await clock.advance(by: .seconds(1))
      #expect(await eventually { held.codes == [.cancel] })
    }
  }

  @Test("costs the connection nothing, however many do at once: the server's count of resets stays at nought")
  func burst() async throws {
    var configuration = ServerConfiguration()
    // One reset more ends the connection.
    configuration.connectionLimits.resetBurst = 0
    configuration.connectionLimits.resetsPerSecond = 0
    try await RPCWorld.run(server: configuration) { world in
      try await world.channel.bidirectional(Kitchen.chat) { (chat: BidirectionalStream<StringValue, StringValue>) in
        for round in 0..<3 {
          await withTaskGroup(of: StatusCode?.self) { tasks in
            for _ in 0..<200 {
              tasks.addTask {
                await world.failure("sleep 60000", options: CallOptions(deadline: .after(.milliseconds(100))))?.code
              }
            }
            for await code in tasks { #expect(code == .deadlineExceeded) }
          }
          // The same connection still: a stream does not change it.
          try await chat.requests.send(StringValue("\(round)"))
          #expect(try await chat.responses.next()?.value == "\(round)?")
        }
      }
    }
  }
}
