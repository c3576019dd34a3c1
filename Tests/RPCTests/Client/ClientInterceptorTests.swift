import Protobuf
import RPC
import Reactor
import Synchronization
import Testing

private final class CallLog: Sendable {
  private let lines = Mutex<[String]>([])
  func note(_ line: String) { lines.withLock { $0.append(line) } }

  func take() -> [String] {
    lines.withLock { lines in
      defer { lines = [] }
      return lines
    }
  }
}

@Suite("The interceptors of a channel")
struct ClientInterceptorTests {
  private final class Token: Sendable {
    let text: String
    init(_ text: String) { self.text = text }
  }

  private enum Key: CallStorageKey { typealias Value = Token }

  /// Waits for its token, and finds it again at the end.
  private struct Signer: ClientInterceptor {
    let log: CallLog
    let name: String

    func begin(_ call: inout OutgoingCall) async throws(RPCError) {
      await Task.yield()
      if call.options.metadata["x-refuse"] == name { throw .unauthenticated("no token for \(name)") }
      try? await EventLoop.current?.sleep(for: .milliseconds(1))
      call.options.metadata.append(name, for: "x-mine")
      call[Key.self] = Token("\(call[Key.self]?.text ?? "")\(name)")
      log.note("\(name) begin \(call.method.name)")
    }

    func end(_ call: OutgoingCall, status: StatusCode, elapsed: Duration) {
      log.note("\(name) \(call[Key.self]?.text ?? "none") \(status.name)")
    }
  }

  private func run(_ body: @Sendable (RPCWorld, CallLog) async throws -> Void) async throws {
    let log = CallLog()
    var configuration = ChannelConfiguration()
    configuration.interceptors = [Signer(log: log, name: "outer"), Signer(log: log, name: "inner")]
    try await RPCWorld.run(channel: configuration) { try await body($0, log) }
  }

  @Test("may wait, change the call and keep a value with it, for calls of one message")
  func unary() async throws {
    try await run { world, log in
      let names = try await world.tell("names")
      #expect(names == "x-mine x-mine")
      #expect(log.take() == ["outer begin Do", "inner begin Do", "inner outerinner OK", "outer outerinner OK"])
      #expect(await world.failure("fail 5 no")?.code == .notFound)
      #expect(log.take().suffix(2) == ["inner outerinner NOT_FOUND", "outer outerinner NOT_FOUND"])
    }
  }

  @Test("end what they refuse before anything is sent, and those further in are not asked")
  func refusal() async throws {
    try await run { world, log in
      let options = CallOptions(metadata: ["x-refuse": "inner"])
      #expect(await world.failure("x", options: options)?.code == .unauthenticated)
      #expect(log.take() == ["outer begin Do", "inner outer UNAUTHENTICATED", "outer outer UNAUTHENTICATED"])
      await world.channel.bidirectional(Kitchen.chat, options: options) {
        (chat: BidirectionalStream<StringValue, StringValue>) in
        let error = await #expect(throws: RPCError.self) { try await chat.responses.next() }
        #expect(error?.code == .unauthenticated)
      }
      #expect(log.take() == ["outer begin Chat", "inner outer UNAUTHENTICATED", "outer outer UNAUTHENTICATED"])
    }
  }

  @Test("learn how a stream ended")
  func streams() async throws {
    try await run { world, log in
      try await world.channel.serverStreaming(Kitchen.count, Int64Value(3)) { (reader: MessageReader<StringValue>) in
        while try await reader.next() != nil {}
      }
      #expect(log.take().last == "outer outerinner OK")
      await world.channel.bidirectional(Kitchen.chat) { (_: BidirectionalStream<StringValue, StringValue>) in }
      #expect(log.take().last == "outer outerinner CANCELLED")
    }
  }
}
