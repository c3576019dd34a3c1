import Reactor

/// Stands between a channel and a server, and hands over what the server says in two reads that meet where a test wants them. Loop-bound,
/// on the loop of the channel: what it writes in one turn is read in the next, before it writes the rest.
final class SplittingProxy {
  private let loop: EventLoop
  private let target: SocketAddress
  private var listener: TCPListener?
  /// After how many bytes of the server the channel has to wait for the others, counted from `begin` on.
  private var place = Int.max
  private(set) var passed = 0
  /// What comes behind that place and waits.
  private var held: [UInt8] = []
  private var isHolding = false

  private init(on loop: EventLoop, to target: SocketAddress) {
    self.loop = loop
    self.target = target
  }

  /// Answers the proxy and where it listens.
  static func start(on loop: EventLoop, to target: SocketAddress) async throws -> (
    LoopBound<SplittingProxy>, SocketAddress
  ) {
    try await Task(executorPreference: loop) {
      let proxy = SplittingProxy(on: loop, to: target)
      let listener = try TCPListener(loop: loop, address: SocketAddress(host: "127.0.0.1", port: 0)) {
        [unowned proxy] in
        proxy.join($0)
      }
      proxy.listener = listener
      return (LoopBound(proxy, loop: loop), listener.localAddress)
    }.value
  }

  func begin(place: Int) {
    self.place = place
    passed = 0
  }

  func close() { listener?.close() }

  private func join(_ client: TCPConnection) {
    let up = Side()
    client.delegate = up
    TCPConnection.connect(loop: loop, address: target, timeout: .seconds(20)) { [self] result in
      guard let server = try? result.get() else { return client.close() }
      let down = Side()
      server.delegate = down
      up.forward = { server.write($0) }
      down.forward = { [self] in pass($0, to: client) }
      up.ended = { server.close() }
      down.ended = { client.close() }
    }
  }

  private func pass(_ bytes: [UInt8], to client: TCPConnection) {
    let first = place - passed
    passed += bytes.count
    guard !isHolding else { return held += bytes }
    guard first > 0, first < bytes.count else { return client.write(bytes) }
    client.write(Array(bytes[..<first]))
    held = Array(bytes[first...])
    isHolding = true
    loop.schedule(after: .milliseconds(1)) { [self] in
      isHolding = false
      client.write(held)
    }
  }
}

/// One of its connections. Bytes wait until there is somewhere to send them.
private final class Side: TCPConnectionDelegate {
  private var waiting: [UInt8] = []
  var ended: () -> Void = {}
  var forward: (([UInt8]) -> Void)? {
    didSet {
      guard !waiting.isEmpty else { return }
      forward?(waiting)
      waiting = []
    }
  }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    let bytes = bytes.withUnsafeBytes { [UInt8]($0) }
    if let forward { forward(bytes) } else { waiting += bytes }
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) {
    forward = { _ in }
    ended()
  }
}
