internal import Reactor

/// A new connection, until its first bytes tell whether HTTP/1.1 or HTTP/2 is spoken. Then the protocol's own object
/// takes its place.
final class SniffingConnection: TCPConnectionDelegate, DrainableConnection {
  private let connection: TCPConnection
  private let edge: EdgeLoop
  private var sniffer = ProtocolSniffer()
  private var timer: Timer?
  private let accepted: Instant

  /// How long the first request of a new connection may take to arrive when the edge drains.
  private static let firstRequest = Duration.seconds(1)

  init(_ connection: TCPConnection, on edge: EdgeLoop) {
    self.connection = connection
    self.edge = edge
    accepted = edge.loop.now
    wait(edge.limits.idleTimeout)
  }

  private func wait(_ duration: Duration) {
    if let timer { edge.loop.cancel(timer) }
    timer = edge.loop.schedule(after: duration) { [weak self] in self?.closeNow() }
  }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    let began = sniffer.matched > 0
    switch sniffer.examine(bytes) {
    case .undecided:
      if !began { wait(edge.limits.headTimeout) }
    case .http2(let replay):
      stopWaiting()
      edge.remove(self)
      guard let next = HTTP2Exchanges.begin(connection, on: edge) else { return connection.close() }
      if replay > 0 { next.received(ProtocolSniffer.prefix(replay).span.bytes, from: connection) }
      next.received(bytes, from: connection)
    case .http1(let replay):
      let next = HTTP1Connection(connection, on: edge)
      handOver(to: next)
      if replay > 0 { next.received(ProtocolSniffer.prefix(replay).span.bytes, from: connection) }
      next.received(bytes, from: connection)
    }
  }

  private func handOver(to next: any TCPConnectionDelegate & DrainableConnection) {
    stopWaiting()
    connection.delegate = next
    edge.remove(self)
    edge.add(next)
  }

  private func stopWaiting() {
    if let timer { edge.loop.cancel(timer) }
    timer = nil
  }

  func idleSince(_ connection: TCPConnection) -> Instant? { accepted }

  func closed(_ connection: TCPConnection, error: ReactorError?) {
    stopWaiting()
    edge.remove(self)
  }

  /// A peer that has just been let in has probably sent a request, which is answered.
  func drain() {
    let left = edge.loop.now.duration(to: accepted.advanced(by: Self.firstRequest))
    if left > .zero { wait(left) } else { connection.close() }
  }

  func closeNow() { connection.close() }
}
