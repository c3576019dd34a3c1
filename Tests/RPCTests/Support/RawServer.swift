public import HTTP2
import RPC
import Reactor
import Synchronization

/// A server that answers requests with whatever a test likes, right or wrong.
final class RawServer: HTTP2ConnectionDelegate {
  private let answer: (HTTP2Stream, HTTP2Connection, _ number: Int) -> Void
  private let heads: ReceivedHeads?
  private var connections: [HTTP2Connection] = []
  private var listener: TCPListener?
  private var requests = 0

  private init(
    _ heads: ReceivedHeads?, _ answer: @escaping (HTTP2Stream, HTTP2Connection, _ number: Int) -> Void
  ) {
    self.heads = heads
    self.answer = answer
  }

  /// Runs `body` with a channel to a server whose requests are handed to `answer`, numbered from 0.
  /// - Parameters:
  ///   - clock: moves the channel's time; nil lets it pass by itself.
  ///   - heads: gets the header fields of the requests.
  static func run<R: Sendable>(
    channel configuration: ChannelConfiguration = ChannelConfiguration(), clock: ManualClock? = nil,
    heads: ReceivedHeads? = nil,
    answering answer: @escaping @Sendable (HTTP2Stream, HTTP2Connection, _ number: Int) -> Void,
    _ body: (Channel) async throws -> R
  ) async throws -> R {
    let group = try EventLoopGroup(count: 1, name: "raw")
    defer { group.stop() }
    let clients = try EventLoopGroup(count: 1, name: "client", clock: clock)
    defer { clients.stop() }
    let loop = group.loops[0]
    let server = LoopBound(RawServer(heads, answer), loop: loop)
    let address = try await Task(executorPreference: loop) { try server.value.listen(on: loop) }.value
    let result = try await body(Channel(target: [address], configuration: configuration, group: clients))
    await Task(executorPreference: loop) { server.value.close() }.value
    return result
  }

  private func listen(on loop: EventLoop) throws -> SocketAddress {
    let listener = try TCPListener(
      loop: loop, address: SocketAddress(host: "127.0.0.1", port: 0), maximumConnections: 16
    ) { [unowned self] tcp in
      if let connection = try? HTTP2Connection(server: tcp, delegate: self) { self.connections.append(connection) }
    }
    self.listener = listener
    return listener.localAddress
  }

  private func close() {
    listener?.close()
    for connection in connections { connection.close() }
  }

  func request(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection
  ) {
    heads?.append(copy fields)
    answer(stream, connection, requests)
    requests += 1
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {}
}

/// The header fields of the requests that a `RawServer` got.
final class ReceivedHeads: Sendable {
  private let state = Mutex<[HeaderFields]>([])

  func append(_ fields: HeaderFields) { state.withLock { $0.append(fields) } }

  /// The values of one field, nil for a request without it.
  func values(of name: String) -> [String?] { state.withLock { heads in heads.map { $0[name] } } }
}

/// An answer written down: header fields, bytes, trailers.
struct RawAnswer: Sendable {
  var head: HeaderFields = [":status": "200", "content-type": "application/grpc"]
  var body: [UInt8] = []
  var trailers: HeaderFields?

  /// The message `StringValue("raw")`.
  static let message: [UInt8] = [10, 3, 114, 97, 119]

  func send(_ stream: HTTP2Stream) {
    stream.sendHeaders(nil, head, endsStream: body.isEmpty && trailers == nil)
    stream.write(body)
    stream.finish(trailers: trailers)
  }
}

extension HeaderFields: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) {
    self.init()
    for (name, value) in elements { append(name, value) }
  }
}
