import Reactor
import Synchronization

/// Stands between client and server and counts how often the client spoke after the server had: round trips.
final class CountingProxy: Sendable {
  private let group: EventLoopGroup
  private let turns = Tally()
  private let listeners: Mutex<[LoopBound<TCPListener>]> = Mutex([])

  var roundTrips: Int { turns.count }

  init() throws {
    group = try EventLoopGroup(count: 1, name: "proxy")
  }

  /// - Returns: the port to connect to instead of `port`.
  func start(port: UInt16) async -> UInt16 {
    let loop = group.loops[0]
    return await withUnsafeContinuation { continuation in
      loop.execute { [self] in
        guard let any = try? SocketAddress(host: "127.0.0.1", port: 0),
          let upstream = try? SocketAddress(host: "127.0.0.1", port: port),
          let listener = try? TCPListener(
            loop: loop, address: any, maximumConnections: 64,
            accept: { client in Relay.start(client, loop: loop, upstream: upstream, turns: self.turns) })
        else { return continuation.resume(returning: 0) }
        listeners.withLock { $0.append(LoopBound(listener, loop: loop)) }
        continuation.resume(returning: listener.localAddress.port ?? 0)
      }
    }
  }

  func stop() {
    group.stop()
  }
}

/// The two ends of one proxied connection.
private final class Relay: TCPConnectionDelegate {
  let client: TCPConnection
  var server: TCPConnection?
  var early: [UInt8] = []
  var serverSpokeLast = true
  let turns: Tally

  init(_ client: TCPConnection, _ turns: Tally) {
    self.client = client
    self.turns = turns
  }

  static func start(_ client: TCPConnection, loop: EventLoop, upstream: SocketAddress, turns: Tally) {
    let relay = Relay(client, turns)
    client.delegate = relay
    TCPConnection.connect(loop: loop, address: upstream, timeout: .seconds(10)) { result in
      guard case .success(let server) = result else { return client.close() }
      relay.server = server
      server.delegate = relay
      server.write(relay.early)
    }
  }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    if connection === client {
      if serverSpokeLast { turns.add() }
      serverSpokeLast = false
      if let server { server.write(bytes) } else { bytes.withUnsafeBytes { early.append(contentsOf: $0) } }
    } else {
      serverSpokeLast = true
      client.write(bytes)
    }
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) {
    if connection === client { server?.close() } else { client.close() }
  }
}
