internal import HTTP2
internal import Protobuf
internal import Reactor

/// A server on one loop: its listener, its connections, and what its calls share. Loop-bound. The way of a call is in `ServerStream`.
final class LoopServer: HTTP2ConnectionDelegate {
  let loop: EventLoop
  private let configuration: ServerConfiguration
  let maximumRequestBytes: Int
  let decodingLimits: DecodingLimits
  let methods: MethodTable
  /// Used by one encoding or decoding at a time, which never suspends.
  let arena = Arena()
  let handlerTasks: HandlerTasks
  private let memory = HTTP2Memory()
  private let maximumCalls: Int
  private let connectionLimits: HTTP2Limits
  let budget: HTTP2Budget
  private var listener: TCPListener?
  private var connections: [ObjectIdentifier: HTTP2Connection] = [:]
  // @exclusivity(unchecked): numbers, read and written on the loop's thread only.
  @exclusivity(unchecked) private(set) var calls = 0
  @exclusivity(unchecked) private(set) var runningHandlers = 0
  private var isDraining = false
  private var isClosed = false
  private var drained: [() -> Void] = []

  init(loop: EventLoop, configuration: ServerConfiguration, methods: MethodTable, loops: Int) {
    self.loop = loop
    self.configuration = configuration
    maximumRequestBytes = configuration.maximumRequestBytes
    decodingLimits = configuration.decodingLimits
    self.methods = methods
    handlerTasks = HandlerTasks(loop: loop)
    maximumCalls = max(1, configuration.maximumCalls / loops)
    connectionLimits = configuration.limitsOfConnection
    budget = HTTP2Budget(
      byteCount: max(configuration.maximumRequestBytes + 64 * 1024, configuration.maximumHeldBytes / loops))
  }

  func listen(_ address: SocketAddress, loops: Int, balance: AcceptBalance) throws(ReactorError) {
    listener = try TCPListener(
      loop: loop, address: address, maximumConnections: max(1, configuration.maximumConnections / loops),
      balance: balance
    ) { tcp in
      // Keeps what it serves until it is closed, so that a server that nobody holds any more goes on serving.
      self.accept(tcp)
    }
  }

  private func accept(_ tcp: TCPConnection) {
    // One may still come from another loop when the listener has closed.
    guard !isClosed else { return tcp.close() }
    do throws(HTTP2Error) {
      let connection = try HTTP2Connection(
        server: tcp, limits: connectionLimits, memory: memory, budget: budget, delegate: self)
      connections[ObjectIdentifier(connection)] = connection
      if isDraining { connection.drain() }
    } catch {
      tcp.close()
    }
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {
    connections[ObjectIdentifier(connection)] = nil
    if isDraining, connections.isEmpty { drainingDone() }
  }

  // MARK: - Calls

  func callStarted() { calls += 1 }
  func callEnded() { calls -= 1 }

  /// Bytes held for what waits.
  var heldBytes: Int { budget.heldByteCount }

  func handlerStarted(_ method: ServedMethod) {
    if !method.isAlwaysServed { runningHandlers += 1 }
  }

  func handlerEnded(_ method: ServedMethod) {
    if !method.isAlwaysServed { runningHandlers -= 1 }
  }

  /// - Throws: RESOURCE_EXHAUSTED when no more handlers may run.
  func checkRoom(for method: ServedMethod) throws(RPCError) {
    guard method.isAlwaysServed || runningHandlers < maximumCalls else {
      throw .resourceExhausted("the server is at its limit of calls, try again")
    }
  }

  func request(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection
  ) {
    ServerStream.begin(
      stream, fields: fields, endsStream: endsStream, from: connection.tcp.remoteAddress, on: self)
  }

  // MARK: - The end

  /// Lets nobody in any longer; who waits to be let in is accepted, to be told of the end like the others.
  func stopListening() {
    listener?.close()
    listener = nil
  }

  /// Takes no more connections and calls; `done` is called when the last connection has closed.
  func drain(_ done: @escaping () -> Void) {
    isDraining = true
    drained.append(done)
    stopListening()
    for connection in Array(connections.values) { connection.drain() }
    if connections.isEmpty { drainingDone() }
  }

  private func drainingDone() {
    handlerTasks.close()
    let waiting = drained
    drained = []
    for done in waiting { done() }
  }

  /// Ends what is left.
  func close() {
    isClosed = true
    handlerTasks.close()
    stopListening()
    for connection in Array(connections.values) { connection.close() }
  }
}
