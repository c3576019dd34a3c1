public import Reactor

/// Serves `/metrics` and `/health` on a process's internal port: one request a connection, nothing else. It is made for
/// a scraper and an engineer's curl, not for the outside.
public final class MetricsPage {
  /// Bytes of the longest request looked at.
  static let longestRequest = 4096
  /// How long a request may take to arrive and its answer to leave.
  static let patience = Duration.seconds(10)
  static let maximumConnections = 4096

  private let listener: TCPListener
  public var localAddress: SocketAddress { listener.localAddress }

  /// Begins to serve; on the loop.
  /// - Parameter isHealthy: what `/health` tells: 200 or 503. Asked on the loop; must not block.
  /// - Throws: `ReactorError` when the port cannot be bound.
  public init(
    loop: EventLoop, address: SocketAddress, registry: MetricsRegistry,
    isHealthy: @escaping @Sendable () -> Bool = { true }
  ) throws(ReactorError) {
    listener = try TCPListener(
      loop: loop, address: address, sharesPort: false, maximumConnections: Self.maximumConnections, usesReserve: true
    ) { connection in
      connection.delegate = MetricsConnection(connection, loop: loop, registry: registry, isHealthy: isHealthy)
    }
  }

  /// Stops serving; on the loop.
  public func close() {
    listener.close()
  }
}

private final class MetricsConnection: TCPConnectionDelegate {
  private let registry: MetricsRegistry
  private let isHealthy: @Sendable () -> Bool
  private let loop: EventLoop
  private var request: [UInt8] = []
  private var timer: Timer?

  init(
    _ connection: TCPConnection, loop: EventLoop, registry: MetricsRegistry, isHealthy: @escaping @Sendable () -> Bool
  ) {
    self.registry = registry
    self.isHealthy = isHealthy
    self.loop = loop
    timer = loop.schedule(after: MetricsPage.patience) { [weak connection] in connection?.close() }
  }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    bytes.withUnsafeBytes { request.append(contentsOf: $0) }
    if request.count > MetricsPage.longestRequest { return connection.close() }
    let text = String(decoding: request, as: UTF8.self)
    guard text.contains("\r\n\r\n") else { return }
    let line = text.prefix { $0 != "\r\n" }.split(separator: " ")
    switch line.prefix(2) {
    case ["GET", "/metrics"]:
      let accept = text.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("accept:") }
      let format = MetricsFormat(accept: accept.joined(separator: ","))
      answer(connection, "200 OK", format.contentType, registry.text(format))
    case ["GET", "/health"]:
      if isHealthy() {
        answer(connection, "200 OK", "application/json", "{\"status\":\"healthy\"}\n")
      } else {
        answer(connection, "503 Service Unavailable", "application/json", "{\"status\":\"unhealthy\"}\n")
      }
    default:
      answer(connection, "404 Not Found", "text/plain; charset=utf-8", "only GET /metrics and GET /health\n")
    }
  }

  private func answer(_ connection: TCPConnection, _ status: String, _ type: String, _ body: String) {
    let head =
      "HTTP/1.1 \(status)\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\n"
      + "cache-control: no-store\r\nconnection: close\r\n\r\n"
    connection.write(Array((head + body).utf8))
    connection.closeAfterFlush()
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) {
    if let timer { loop.cancel(timer) }
    timer = nil
  }
}
