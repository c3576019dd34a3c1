import HTTP2
import Reactor

/// Answers by path; see `Exchange`. Remembers what the tests ask about.
final class TestServer: HTTP2ConnectionDelegate {
  let loop: EventLoop
  let address: SocketAddress
  private var listener: TCPListener?
  private(set) var connections: [HTTP2Connection] = []
  private(set) var closeReasons: [HTTP2CloseReason] = []
  private(set) var requests: [String] = []
  private(set) var tooLarge = 0
  /// Most bytes seen waiting in one socket's buffer, looked at every two milliseconds.
  private(set) var socketBufferPeak = 0
  /// Body bytes that arrived at `/sink` and were not consumed.
  var sunk = 0
  /// How streams ended.
  var streamEnds: [HTTP2ErrorCode] = []
  var exchanges: [Exchange] = []

  init(loop: EventLoop, limits: HTTP2Limits) throws {
    self.loop = loop
    var accept: (TCPConnection) -> Void = { _ in }
    let listener = try TCPListener(
      loop: loop, address: try SocketAddress(host: "127.0.0.1", port: 0), maximumConnections: 100
    ) { accept($0) }
    self.listener = listener
    address = listener.localAddress
    accept = { [unowned self] tcp in
      do {
        connections.append(try HTTP2Connection(server: tcp, limits: limits, delegate: self))
      } catch {
        tcp.close()
      }
    }
    lookAtBuffers()
  }

  func request(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection
  ) {
    let path = fields[":path"] ?? ""
    requests.append(path)
    let exchange = Exchange(path: path, fields: copy fields, stream: stream, connection: connection, server: self)
    exchange.begin(endsStream: endsStream)
  }

  private func lookAtBuffers() {
    socketBufferPeak = connections.reduce(socketBufferPeak) { max($0, $1.tcp.bufferedBytes) }
    loop.schedule(after: .milliseconds(2)) { [weak self] in self?.lookAtBuffers() }
  }

  func requestTooLarge(_ stream: HTTP2Stream, on connection: HTTP2Connection) {
    tooLarge += 1
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {
    connections.removeAll { $0 === connection }
    closeReasons.append(reason)
  }
}

/// One request on the test server; the path says what happens to it.
final class Exchange: HTTP2StreamDelegate {
  let stream: HTTP2Stream
  private let path: String
  private let fields: HeaderFields
  private let connection: HTTP2Connection
  private unowned let server: TestServer
  private var left = 0
  private var receivedCount = 0

  private static let ok = PreparedFields([":status": "200", "server": "test"])
  private static let done = PreparedFields(["x-result": "done"])

  init(path: String, fields: HeaderFields, stream: HTTP2Stream, connection: HTTP2Connection, server: TestServer) {
    self.path = path
    self.fields = fields
    self.stream = stream
    self.connection = connection
    self.server = server
    stream.delegate = self
  }

  func begin(endsStream: Bool) {
    switch path {
    case "/hello":
      stream.sendHeaders(Self.ok, HeaderFields(["x-path": path]))
      stream.write(Array("hello".utf8))
      stream.finish()
    case "/empty": stream.sendHeaders(Self.ok, endsStream: true)
    case "/trailers-only": stream.sendHeaders(Self.ok, HeaderFields(["grpc-status": "12"]), endsStream: true)
    case "/fields": sendFieldsBack()
    case "/echo": stream.sendHeaders(Self.ok)
    case "/informational":
      stream.sendInformational(HeaderFields([":status": "103"]))
      stream.sendHeaders(Self.ok, endsStream: true)
    case "/reset": stream.reset(.internalError)
    case "/close": connection.close()
    case "/large-fields":
      stream.sendHeaders(Self.ok, HeaderFields(["x-large": String(repeating: "#", count: 200_000)]))
    case "/large-trailers":
      stream.sendHeaders(Self.ok)
      stream.finish(trailers: HeaderFields(["x-large": String(repeating: "#", count: 200_000)]))
    case "/close-on-writable", "/close-on-closed":
      stream.sendHeaders(Self.ok)
      stream.write([UInt8](repeating: 1, count: 100))
      if path == "/close-on-closed" { stream.finish() }
    case "/reset-twice":
      stream.sendHeaders(Self.ok)
      stream.reset(.cancel)
      stream.reset(.cancel)
      stream.write([1])
      stream.finish()
    case "/silent", "/sink", "/close-on-body", "/reset-on-body": server.exchanges.append(self)
    case "/much":
      stream.sendHeaders(Self.ok)
      stream.write([UInt8](repeating: UInt8(ascii: "m"), count: 20_000_000))
      stream.finish()
    default:
      guard path.hasPrefix("/bytes/"), let count = Int(path.dropFirst(7)) else {
        return stream.sendHeaders(nil, HeaderFields([":status": "404"]), endsStream: true)
      }
      stream.sendHeaders(Self.ok)
      left = count
      writeMore()
    }
  }

  private func sendFieldsBack() {
    var echoed = HeaderFields()
    for (name, value) in fields where name.hasPrefix("x-") { echoed.append(name, value) }
    stream.sendHeaders(Self.ok, echoed)
    stream.finish(Self.done, trailers: echoed)
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    receivedCount += bytes.byteCount
    switch path {
    case "/echo":
      stream.write(bytes.withUnsafeBytes { [UInt8]($0) })
      stream.consume(bytes.byteCount)
    case "/sink": server.sunk += bytes.byteCount
    case "/close-on-body": connection.close()
    case "/reset-on-body": stream.reset(.cancel)
    default: stream.consume(bytes.byteCount)
    }
  }

  func ended(_ stream: HTTP2Stream) {
    if path == "/echo" {
      stream.finish(Self.done, trailers: HeaderFields(["x-count": String(receivedCount)]))
    } else if path == "/sink" {
      stream.sendHeaders(Self.ok, endsStream: true)
    }
  }

  func writable(_ stream: HTTP2Stream) {
    if path.hasPrefix("/bytes/") { writeMore() }
    if path == "/close-on-writable" { connection.close() }
  }

  /// Stays ahead of the peer by the limit at most.
  private func writeMore() {
    while left > 0, stream.bufferedByteCount < connection.session.limits.streamOutputByteCount {
      let count = min(left, 16 * 1024)
      stream.write([UInt8](repeating: UInt8(ascii: "b"), count: count))
      left -= count
    }
    if left == 0 { stream.finish() }
  }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    server.streamEnds.append(code)
    if path == "/close-on-closed" { connection.close() }
  }
}
