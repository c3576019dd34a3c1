import HTTP2
import Reactor

/// A client's connection; its calls wait for the whole reply.
final class TestClient: HTTP2ConnectionDelegate {
  private(set) var connection: HTTP2Connection?
  private(set) var closeReason: HTTP2CloseReason?
  private(set) var isReady = false
  private(set) var goAway: HTTP2ErrorCode?

  init(_ address: SocketAddress, limits: HTTP2Limits = HTTP2Limits()) async throws {
    let tcp = try await Self.connect(address)
    connection = try HTTP2Connection(client: tcp, limits: limits, delegate: self)
  }

  /// A plain TCP connection from the current loop.
  static func connect(_ address: SocketAddress) async throws -> TCPConnection {
    guard let loop = EventLoop.current else { throw ReactorError.loopStopped }
    // The continuation is resumed on the loop that waits for it, so the connection never leaves its loop.
    let bound: LoopBound<TCPConnection> = try await withCheckedThrowingContinuation { continuation in
      TCPConnection.connect(loop: loop, address: address, timeout: .seconds(20)) { result in
        continuation.resume(with: result.map { LoopBound($0, loop: loop) })
      }
    }
    return bound.value
  }

  /// Opens a stream and leaves it open.
  func open(
    _ path: String, method: String = "GET", fields: HeaderFields = HeaderFields(), endsStream: Bool = true,
    consumes: Bool = true
  ) throws -> Call {
    guard let connection else { throw HTTP2Error.cannotOpenStream }
    let call = Call(consumes: consumes)
    var list = HeaderFields([":method": method, ":scheme": "http", ":path": path, ":authority": "test"])
    list.append(contentsOf: fields)
    call.stream = try connection.openStream(nil, list, endsStream: endsStream, delegate: call)
    return call
  }

  /// The reply to a request without a body; one without a status when no stream could be opened.
  func get(_ path: String, fields: HeaderFields = HeaderFields()) async -> Reply {
    guard let call = try? open(path, fields: fields) else { return Reply() }
    return await call.reply()
  }

  func post(_ path: String, _ body: [UInt8]) async -> Reply {
    guard let call = try? open(path, method: "POST", endsStream: false) else { return Reply() }
    call.stream?.write(body)
    call.stream?.finish()
    return await call.reply()
  }

  func request(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection
  ) {}
  func ready(_ connection: HTTP2Connection) { isReady = true }
  func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode, on connection: HTTP2Connection) { goAway = code }
  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {
    closeReason = reason
    self.connection = nil
  }
}

/// What came back on a stream.
struct Reply: Sendable {
  var status = ""
  var fields = HeaderFields()
  var body: [UInt8] = []
  var trailers = HeaderFields()
  /// Whether the server ended its side in order.
  var ended = false
  var code = HTTP2ErrorCode.noError

  var text: String { String(decoding: body, as: UTF8.self) }
}

/// One request of the test client.
final class Call: HTTP2StreamDelegate {
  var stream: HTTP2Stream?
  private var consumes: Bool
  private(set) var state = Reply()
  private(set) var isClosed = false
  private var waiter: CheckedContinuation<Reply, Never>?

  init(consumes: Bool) { self.consumes = consumes }

  func reply() async -> Reply {
    if isClosed { return state }
    return await withCheckedContinuation { waiter = $0 }
  }

  /// Gives back all of the window, and from now on as bytes arrive.
  func consumeEverything() {
    guard !consumes else { return }
    consumes = true
    stream?.consume(state.body.count)
  }

  func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) {
    state.status = fields[":status"] ?? ""
    state.fields = copy fields
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    bytes.withUnsafeBytes { state.body.append(contentsOf: $0) }
    if consumes { stream.consume(bytes.byteCount) }
  }

  func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) { state.trailers = copy fields }
  func ended(_ stream: HTTP2Stream) { state.ended = true }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    state.code = code
    isClosed = true
    waiter.take()?.resume(returning: state)
  }
}
