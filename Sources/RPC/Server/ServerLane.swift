internal import HTTP2
internal import Protobuf
internal import Reactor

/// What a server has on one loop: its listener, its connections, the calls that run. Loop-bound.
final class ServerLane: HTTP2ConnectionDelegate {
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
  // Exclusivity is unchecked where one thread is certain: the loop's.
  @exclusivity(unchecked) private(set) var calls = 0
  @exclusivity(unchecked) private(set) var runningHandlers = 0
  private var isDraining = false
  private var isClosed = false
  private var drained: [() -> Void] = []

  init(loop: EventLoop, configuration: ServerConfiguration, methods: MethodTable, lanes: Int) {
    self.loop = loop
    self.configuration = configuration
    maximumRequestBytes = configuration.maximumRequestBytes
    decodingLimits = configuration.decodingLimits
    self.methods = methods
    handlerTasks = HandlerTasks(loop: loop)
    maximumCalls = max(1, configuration.maximumCalls / lanes)
    connectionLimits = configuration.limitsOfConnection
    budget = HTTP2Budget(
      byteCount: max(configuration.maximumRequestBytes + 64 * 1024, configuration.maximumHeldBytes / lanes))
  }

  func listen(_ address: SocketAddress, lanes: Int, balance: AcceptBalance) throws(ReactorError) {
    listener = try TCPListener(
      loop: loop, address: address, maximumConnections: max(1, configuration.maximumConnections / lanes),
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
    request(stream, fields: fields, endsStream: endsStream, from: connection.tcp.remoteAddress)
  }

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, from peer: SocketAddress) {
    var head = RequestHead()
    fields.forEachField { name, value in head.read(name, value, methods) }
    guard head.isPost else { return stream.sendHeaders(ResponseFields.methodNotAllowed, endsStream: true) }
    guard head.isGRPC else { return stream.sendHeaders(ResponseFields.unsupportedMediaType, endsStream: true) }
    do throws(RPCError) {
      guard let method = head.method else { throw .unimplemented("the server has no such method") }
      guard !head.isCompressed else { throw .unimplemented("the request's grpc-encoding is not supported") }
      guard let timeout = head.timeout else { throw .internal("grpc-timeout is not a timeout") }
      guard timeout > 0 else { throw .deadlineExceeded() }
      try checkRoom(for: method)
      let now = Instant.now()
      let call = ServerCall(
        method, metadata: Metadata(received: copy fields), deadline: Self.deadline(from: now, timeout),
        peer: peer, start: now)
      let serverStream = ServerStream(stream, call: call, method: method, lane: self)
      stream.delegate = serverStream
      serverStream.begin()
    } catch {
      let fields = ResponseFields.trailers(error, namesEncodings: head.isCompressed)
      stream.sendHeaders(ResponseFields.head, fields, endsStream: true)
      if !endsStream { stream.resetAfterOutput() }
    }
  }

  /// In plain nanoseconds: a `Duration` has 128 bits, and dividing those costs as much as reading the clock.
  private static func deadline(from now: Instant, _ timeout: Int64) -> Deadline {
    let (moment, overflow) = now.nanoseconds.addingReportingOverflow(timeout)
    return overflow ? .never : Deadline(Instant(nanoseconds: moment))
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
