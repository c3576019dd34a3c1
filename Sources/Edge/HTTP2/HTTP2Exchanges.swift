internal import HTTP2
internal import Reactor

/// An HTTP/2 connection at the edge (prior knowledge, RFC 9113 section 3.3): each stream is one request.
final class HTTP2Exchanges: HTTP2ConnectionDelegate, DrainableConnection {
  private let edge: EdgeLoop
  private var connection: HTTP2Connection?

  init(edge: EdgeLoop) {
    self.edge = edge
  }

  /// Takes over a connection whose first bytes were HTTP/2's. Answers nil when there is no memory for it.
  static func begin(_ tcp: TCPConnection, on edge: EdgeLoop) -> HTTP2Connection? {
    let exchanges = HTTP2Exchanges(edge: edge)
    var limits = HTTP2Limits()
    limits.concurrentStreams = edge.limits.concurrentStreams
    limits.headerListByteCount = edge.limits.headBytes
    limits.idleTimeout = edge.limits.idleTimeout
    limits.handshakeTimeout = edge.limits.headTimeout
    do {
      let connection = try HTTP2Connection(
        server: tcp, limits: limits, memory: edge.engineMemory, budget: edge.budget, delegate: exchanges)
      exchanges.connection = connection
      edge.add(exchanges)
      if edge.isDraining { connection.drain() }
      return connection
    } catch {
      return nil
    }
  }

  func request(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection
  ) {
    let exchange = HTTP2Exchange(stream: stream, edge: edge, peer: connection.tcp.remoteAddress)
    stream.delegate = exchange
    exchange.begin(fields, endsStream: endsStream)
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {
    self.connection = nil
    edge.remove(self)
  }

  func drain() { connection?.drain() }
  func closeNow() { connection?.close() }
}
