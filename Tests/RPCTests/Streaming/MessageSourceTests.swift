import Glibc
import Protobuf
import Reactor
import Synchronization
import Testing

@testable import HTTP2
@testable import RPC

@Suite("Messages that wait for their reader")
struct MessageSourceTests {
  /// A source on a stream of a session that is connected to nothing.
  private static func make() throws -> (MessageSource, HTTP2Session) {
    let session = try HTTP2Session(role: .client)
    let stream = try session.openStream(nil, HeaderFields(RawCall.lawful), endsStream: false, delegate: nil)
    return (MessageSource(stream: stream, maximumMessageBytes: 1000), session)
  }

  private static func take(_ source: MessageSource) async throws -> [UInt8]? {
    try await withUnsafeContinuation { source.next($0) }.get()
  }

  @Test("each costs its prefix at least, and no more than it was on the wire", arguments: [0, 1, 100, 1000])
  func cost(size: Int) async throws {
    let (source, session) = try Self.make()
    let message = RawCall.frame([UInt8](repeating: 7, count: size))
    for _ in 0..<100 { try source.append(message.span.bytes) }
    #expect(source.heldByteCount == 100 * (5 + size))
    for taken in 1...100 {
      #expect(try await Self.take(source)?.count == size)
      #expect(source.heldByteCount == (100 - taken) * (5 + size))
    }
    _ = session
  }

  @Test("are found in order however the bytes are cut, read at once or late")
  func order() async throws {
    let sizes = (0..<200).map { $0 * 37 % 301 }
    let bytes = sizes.flatMap { RawCall.frame([UInt8](repeating: UInt8($0 % 251), count: $0)) }
    for step in [1, 3, 5, 64, 1000, bytes.count] {
      for readsEarly in [false, true] {
        let (source, session) = try Self.make()
        var got: [Int] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
          try source.append(bytes[start..<min(start + step, bytes.count)].span.bytes)
          if readsEarly, source.hasMessage, let message = try await Self.take(source) { got.append(message.count) }
        }
        source.finish()
        while let message = try await Self.take(source) { got.append(message.count) }
        #expect(got == sizes, "cut by \(step)")
        #expect(source.heldByteCount == 0)
        _ = session
      }
    }
  }

  @Test("cost the same each to take, however many wait")
  func linear() async throws {
    func cost(_ count: Int) async throws -> Double {
      let (source, session) = try Self.make()
      let message = RawCall.frame([UInt8](repeating: 7, count: 1000))
      for _ in 0..<count { try source.append(message.span.bytes) }
      let start = Self.processorTime()
      for _ in 0..<count { _ = try await Self.take(source) }
      _ = session
      return (Self.processorTime() - start) / Double(count)
    }
    _ = try await cost(100)
    let few = try await cost(100)
    // Moving what waits for each would make it about forty times as much.
    let many = try await cost(10_000)
    #expect(many < 8 * few, "\(few) and \(many) seconds a message")
  }

  /// Seconds of the processor that this process has used. The task may go from thread to thread, so one thread's time would not do.
  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

@Suite("A stream of messages beside other calls")
struct StreamFairnessTests {
  @Test("a handler that always finds a message does not keep the loop from other calls")
  func fairness() async throws {
    let handled = Handled()
    let group = try EventLoopGroup(count: 1, name: "server")
    let clients = try EventLoopGroup(count: 1, name: "client")
    defer {
      clients.stop()
      group.stop()
    }
    let server = Server(services: [Kitchen(), handled], group: group)
    let address = try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    let streaming = Channel(target: [address], group: clients)
    let neighbour = Channel(target: [address], group: clients)
    let sending = Task {
      try await streaming.clientStreaming(Handled.drain) { (stream: ClientStream<Int64Value, Int64Value>) in
        for _ in 0..<Handled.total { try await stream.requests.send(Int64Value(0)) }
        return try await stream.finish().value
      }
    }
    #expect(await eventually { handled.count > 0 })
    var meanwhile: [Int] = []
    for _ in 0..<25 {
      let before = handled.count
      let _: StringValue = try await neighbour.unary(Kitchen.command, StringValue("neighbour"))
      meanwhile.append(handled.count - before)
    }
    #expect(handled.count < Handled.total, "the stream was over too early to tell anything")
    // The median, because the neighbour's own thread may have to wait on a busy machine.
    #expect(meanwhile.sorted()[12] <= 8, "messages handled while a call waited: \(meanwhile)")
    sending.cancel()
  }
}

/// Takes a millisecond of the loop for each message of a stream.
private final class Handled: Service {
  static let total = 3000
  static let drain = MethodDescriptor(service: "test.Handled", name: "Drain", kind: .clientStreaming)
  private let state = Mutex(0)

  var count: Int { state.withLock { $0 } }

  var methods: [ServerMethod] { [.clientStreaming(Self.drain, drain)] }

  private func drain(_ reader: MessageReader<Int64Value>, _ call: ServerCall) async throws(RPCError) -> Int64Value {
    while try await reader.next() != nil {
      let end = Instant.now().advanced(by: .milliseconds(1))
      while Instant.now() < end {}
      state.withLock { $0 += 1 }
    }
    return Int64Value(0)
  }
}
