internal import HTTP2
internal import RPC
internal import Reactor

/// What the edge holds on one event loop: its listener, its connections and what they share. Loop-bound.
final class EdgeLoop {
  let loop: EventLoop
  let limits: EdgeLimits
  let handler: any RequestHandler
  private(set) var isDraining = false
  /// Where answers' heads are put together; kept so that an answer costs no allocation for it.
  var scratch: [UInt8] = []
  let responseHeads = ResponseHeads()
  /// What requests are answered in.
  let tasks: HandlerTasks
  private var clock = WallClock()
  /// How many connections are open, for who measures.
  let count = ConnectionCount()
  /// What the HTTP/2 engine of this loop's connections allocates from.
  let engineMemory = HTTP2Memory()
  /// What the HTTP/2 connections of this loop may hold together.
  let budget: HTTP2Budget
  private var connections: [ObjectIdentifier: any DrainableConnection] = [:] {
    didSet { count.set(connections.count) }
  }
  private var listener: TCPListener?

  init(loop: EventLoop, limits: EdgeLimits, handler: any RequestHandler) {
    self.loop = loop
    self.limits = limits
    tasks = HandlerTasks(loop: loop)
    self.handler = handler
    budget = HTTP2Budget(byteCount: limits.heldBytesPerLoop)
  }

  /// The value of the date field, now.
  var date: [UInt8] {
    clock.update()
    return clock.date
  }

  var openConnections: Int { connections.count }

  /// Begins to accept. Each connection's first bytes tell its protocol.
  func listen(on address: SocketAddress, balance: AcceptBalance? = nil) throws(ReactorError) -> SocketAddress {
    let listener = try TCPListener(
      loop: loop, address: address, maximumConnections: limits.connectionsPerLoop, balance: balance
    ) {
      [weak self] connection in
      // One may still come from another loop when the edge is gone.
      guard let self else { return connection.close() }
      connection.maximumBufferedBytes = limits.unreadAnswerBytes
      let sniffing = SniffingConnection(connection, on: self)
      connection.delegate = sniffing
      add(sniffing)
      if isDraining { sniffing.drain() }
    }
    self.listener = listener
    return listener.localAddress
  }

  func add(_ connection: any DrainableConnection) {
    connections[ObjectIdentifier(connection)] = connection
  }

  func remove(_ connection: any DrainableConnection) {
    connections[ObjectIdentifier(connection)] = nil
  }

  /// Lets nobody in any longer; who waits to be let in is accepted, to be answered or told of the end like the others.
  func stopListening() {
    listener?.close()
    listener = nil
  }

  /// Stops accepting; idle connections end now, busy ones after their answer.
  func beginDrain() {
    guard !isDraining else { return }
    isDraining = true
    stopListening()
    for connection in Array(connections.values) { connection.drain() }
  }

  func closeAll() {
    for connection in Array(connections.values) { connection.closeNow() }
    tasks.close()
  }
}

/// A connection the edge can end in an orderly way.
protocol DrainableConnection: AnyObject {
  /// Ends as soon as what was asked has been answered.
  func drain()
  /// Ends now.
  func closeNow()
}
