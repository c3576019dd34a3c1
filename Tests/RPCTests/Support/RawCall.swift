import HTTP2
import Reactor

/// A request made of whatever fields and bytes a test likes, on a connection of its own.
struct RawCall: Sendable {
  var fields: KeyValuePairs<String, String>
  var body: [UInt8] = []
  /// Whether the request is ended; a test of timeouts leaves it open.
  var ends = true
  /// Whether cancelling the task that sends it resets the stream.
  var cancellable = false

  struct Reply: Sendable {
    var status = ""
    var contentType = ""
    /// `grpc-status`, from the trailers or from the only fields.
    var code = ""
    var message = ""
    var body: [UInt8] = []
    var reset: HTTP2ErrorCode?
    var allow: String?
    var acceptEncoding: String?
  }

  static let lawful: KeyValuePairs<String, String> = [
    ":method": "POST", ":scheme": "http", ":path": "/test.Kitchen/Do", ":authority": "test",
    "content-type": "application/grpc", "te": "trailers",
  ]

  init(
    _ body: [UInt8], ends: Bool = true, cancellable: Bool = false,
    fields: KeyValuePairs<String, String> = RawCall.lawful
  ) {
    self.body = body
    self.ends = ends
    self.cancellable = cancellable
    self.fields = fields
  }

  /// The lawful fields with some in other words, an empty one left out, and the message `StringValue("raw")`.
  init(changing changes: [String: String]) {
    var list = HeaderFields()
    for (name, value) in Self.lawful {
      let value = changes[name] ?? value
      if !value.isEmpty { list.append(name, value) }
    }
    for (name, value) in changes where Self.lawful.allSatisfy({ $0.key != name }) { list.append(name, value) }
    self.init(Self.frame([10, 3, 114, 97, 119]))
    made = list
  }

  private var made: HeaderFields?

  /// A message behind its prefix.
  static func frame(_ message: [UInt8], flag: UInt8 = 0, length: Int? = nil) -> [UInt8] {
    let length = UInt32(length ?? message.count)
    return [flag] + withUnsafeBytes(of: length.bigEndian) { [UInt8]($0) } + message
  }

  func send(to address: SocketAddress, group: EventLoopGroup) async throws -> Reply {
    let loop = group.loops[0]
    let exchanging = Task(executorPreference: loop) {
      let exchange = RawExchange()
      let tcp = try await RawExchange.connect(address, loop)
      let connection = try HTTP2Connection(client: tcp.value, delegate: exchange)
      let stream = try connection.openStream(nil, made ?? HeaderFields(fields), delegate: exchange)
      stream.write(body)
      if ends { stream.finish() }
      let bound = LoopBound(stream, loop: loop)
      let reply = await withTaskCancellationHandler {
        await exchange.reply()
      } onCancel: {
        if cancellable { loop.execute { bound.value.reset(.cancel) } }
      }
      connection.close()
      return reply
    }
    return try await withTaskCancellationHandler {
      try await exchanging.value
    } onCancel: {
      exchanging.cancel()
    }
  }
}

private final class RawExchange: HTTP2ConnectionDelegate, HTTP2StreamDelegate {
  private var state = RawCall.Reply()
  private var isClosed = false
  private var waiter: CheckedContinuation<RawCall.Reply, Never>?

  static func connect(_ address: SocketAddress, _ loop: EventLoop) async throws -> LoopBound<TCPConnection> {
    try await withCheckedThrowingContinuation { continuation in
      TCPConnection.connect(loop: loop, address: address, timeout: .seconds(20)) { result in
        continuation.resume(with: result.map { LoopBound($0, loop: loop) })
      }
    }
  }

  func reply() async -> RawCall.Reply {
    if isClosed { return state }
    return await withCheckedContinuation { waiter = $0 }
  }

  func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) {
    state.status = fields[":status"] ?? ""
    state.contentType = fields["content-type"] ?? ""
    state.allow = fields["allow"]
    state.acceptEncoding = fields["grpc-accept-encoding"]
    note(fields)
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    bytes.withUnsafeBytes { state.body.append(contentsOf: $0) }
    stream.consume(bytes.byteCount)
  }

  func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) { note(fields) }
  func ended(_ stream: HTTP2Stream) {}

  private func note(_ fields: borrowing HeaderFields) {
    state.code = fields["grpc-status"] ?? state.code
    state.message = fields["grpc-message"] ?? state.message
  }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    if code != .noError { state.reset = code }
    isClosed = true
    waiter.take()?.resume(returning: state)
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {}
}
