import Reactor

@testable import HTTP2
@testable import RPC

/// A server without a socket: the bytes of a client go in as a test cuts them, its answer is read by a client's session. Loop-bound.
final class SessionServer: HTTP2SessionDelegate {
  private let server: LoopServer
  private let session: HTTP2Session
  private let peer: SocketAddress

  init(_ services: [any Service], configuration: ServerConfiguration = ServerConfiguration(), on loop: EventLoop) throws
  {
    let methods = services.flatMap(\.methods).map { ServedMethod($0, configuration) }
    server = LoopServer(loop: loop, configuration: configuration, methods: MethodTable(methods), loops: 1)
    session = try HTTP2Session(role: .server, limits: configuration.connectionLimits, budget: server.budget)
    peer = try SocketAddress(host: "127.0.0.1", port: 1)
    session.delegate = self
  }

  var runningCalls: Int { server.calls }
  var heldBytes: Int { server.heldBytes }

  func receive(_ bytes: [UInt8]) throws { try session.receive(bytes.span.bytes, at: Instant(nanoseconds: 1)) }

  func output() -> [UInt8] {
    var bytes: [UInt8] = []
    while session.nextOutput({ bytes.append(contentsOf: $0) }) {}
    return bytes
  }

  func close() { session.abandon() }

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    ServerStream.begin(stream, fields: fields, endsStream: endsStream, from: peer, on: server)
  }

  func outputReady() {}
}

/// One call by a client's session without a socket.
final class SessionCall: HTTP2SessionDelegate, HTTP2StreamDelegate {
  private let session: HTTP2Session
  private(set) var body: [UInt8] = []
  private(set) var status: String?
  private(set) var statusMessage: String?
  private(set) var closed: HTTP2ErrorCode?

  /// - Parameter trailers: of the request; gRPC has none, HTTP/2 allows them.
  init(_ method: MethodDescriptor, _ messages: [[UInt8]], trailers: HeaderFields? = nil) throws {
    session = try HTTP2Session(role: .client)
    session.delegate = self
    var fields = HeaderFields()
    for (name, value) in RawCall.lawful { fields.append(name, name == ":path" ? method.path : value) }
    let stream = try session.openStream(nil, fields, endsStream: false, delegate: self)
    stream.write(messages.flatMap { RawCall.frame($0) })
    stream.finish(trailers: trailers)
  }

  func output() -> [UInt8] {
    var bytes: [UInt8] = []
    while session.nextOutput({ bytes.append(contentsOf: $0) }) {}
    return bytes
  }

  func receive(_ bytes: [UInt8]) throws { try session.receive(bytes.span.bytes, at: Instant(nanoseconds: 1)) }

  func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) { note(fields) }
  func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) { note(fields) }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    body += bytes.withUnsafeBytes { [UInt8]($0) }
    stream.consume(bytes.byteCount)
  }

  func ended(_ stream: HTTP2Stream) {}
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) { closed = code }
  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {}
  func outputReady() {}

  private func note(_ fields: borrowing HeaderFields) {
    status = fields["grpc-status"] ?? status
    statusMessage = fields["grpc-message"] ?? statusMessage
  }

  /// Passes bytes between the two until the call is over, the server's handlers running in between.
  func exchange(with server: SessionServer) async throws {
    for _ in 0..<10_000 where closed == nil {
      let answer = server.output()
      if !answer.isEmpty { try receive(answer) }
      let more = output()
      if !more.isEmpty { try server.receive(more) }
      if answer.isEmpty && more.isEmpty { await Self.afterOtherWork() }
    }
  }

  /// Behind what the loop has to do, handlers that have yielded to others included.
  private static func afterOtherWork() async {
    await withCheckedContinuation { continuation in
      guard let loop = EventLoop.current else { return continuation.resume() }
      loop.yield { continuation.resume() }
    }
  }
}
