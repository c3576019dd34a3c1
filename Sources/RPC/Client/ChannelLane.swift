internal import HTTP2
internal import Reactor

/// What a channel has on one loop: a connection or the attempt to get one, and the calls that wait for it. Loop-bound.
final class ChannelLane: HTTP2ConnectionDelegate {
  let loop: EventLoop
  let configuration: ChannelConfiguration
  let constantFields: HeaderFields
  private let target: [SocketAddress]
  private var position = 0
  private var state = State.idle
  private var backoff: Backoff
  private var isReady = false
  private var lastFailure = "the server cannot be reached"
  private var pending: [ClientCall] = []
  private var running = 0
  private var isClosed = false
  private let memory = HTTP2Memory()

  private enum State {
    case idle
    case connecting
    /// The TCP connection stands; the server has not spoken yet. Calls are sent already.
    case connected(HTTP2Connection)
    /// No attempt before the timer fires.
    case backingOff(Timer)
  }

  init(loop: EventLoop, target: [SocketAddress], configuration: ChannelConfiguration) {
    self.loop = loop
    self.target = target
    self.configuration = configuration
    constantFields = RequestFields.constant(userAgent: configuration.userAgent)
    backoff = Backoff(initial: configuration.initialBackoff, maximum: configuration.maximumBackoff)
  }

  var authority: String { configuration.authority ?? target[position].description }

  // MARK: - Calls

  func unary(
    _ path: String, _ framed: [UInt8], _ options: CallOptions, _ cancellation: CallCancellation,
    _ completion: @escaping (Result<UnaryReply, RPCError>) -> Void
  ) {
    var options = options
    guard admit(path, &options, { completion(.failure($0)) }) else { return }
    start(
      UnaryCall(
        lane: self, path: path, framed: framed, options: options, cancellation: cancellation, completion: completion))
  }

  func open(
    _ path: String, _ options: CallOptions, _ cancellation: CallCancellation,
    _ opened: @escaping (Result<OpenedStream, RPCError>) -> Void
  ) {
    var options = options
    guard admit(path, &options, { opened(.failure($0)) }) else { return }
    start(
      StreamingCall(lane: self, path: path, options: options, cancellation: cancellation, opened: opened))
  }

  /// Asks the interceptors and the limit.
  private func admit(_ path: String, _ options: inout CallOptions, _ refuse: (RPCError) -> Void) -> Bool {
    do throws(RPCError) {
      guard !isClosed else { throw .unavailable("the channel is closed") }
      guard running < configuration.maximumCalls else {
        throw .resourceExhausted("the channel is at its limit of calls")
      }
      for interceptor in configuration.interceptors { try interceptor.begin(path: path, options: &options) }
      return true
    } catch {
      refuse(error)
      return false
    }
  }

  private func start(_ call: ClientCall) {
    running += 1
    guard call.begin() else { return }
    dispatch(call)
  }

  private func dispatch(_ call: ClientCall) {
    switch state {
    case .connected(let connection):
      do throws(HTTP2Error) {
        try call.open(on: connection)
      } catch {
        // It is about to end: the call goes over the next one.
        pending.append(call)
        reconnect(after: connection)
      }
    case .connecting: pending.append(call)
    case .idle:
      pending.append(call)
      connect()
    case .backingOff:
      if call.options.waitsForReady {
        pending.append(call)
      } else {
        call.abort(.unavailable(lastFailure))
      }
    }
  }

  /// Sends a call again that the server has not looked at.
  func retry(_ call: ClientCall) {
    guard call.countAttempt() else { return call.abort(.unavailable("the server refused the call")) }
    dispatch(call)
  }

  func callEnded(_ call: ClientCall, status: Result<Metadata, RPCError>, elapsed: Duration) {
    running -= 1
    if call.stream == nil, let index = pending.firstIndex(where: { $0 === call }) { pending.remove(at: index) }
    guard !configuration.interceptors.isEmpty else { return }
    var code = StatusCode.ok
    if case .failure(let error) = status { code = error.code }
    for interceptor in configuration.interceptors.reversed() {
      interceptor.end(path: call.path, status: code, elapsed: elapsed)
    }
  }

  // MARK: - The connection

  private func connect() {
    state = .connecting
    TCPConnection.connect(loop: loop, address: target[position], timeout: configuration.connectTimeout) { [weak self] in
      guard let self else {
        if case .success(let tcp) = $0 { tcp.close() }
        return
      }
      self.connected($0)
    }
  }

  private func connected(_ result: Result<TCPConnection, ReactorError>) {
    switch result {
    case .failure(let error): attemptFailed("the server cannot be reached: \(error)")
    case .success(let tcp):
      guard !isClosed else { return tcp.close() }
      do throws(HTTP2Error) {
        let connection = try HTTP2Connection(
          client: tcp, limits: configuration.connectionLimits, memory: memory, delegate: self)
        state = .connected(connection)
        // Until the server has spoken HTTP/2 the attempt has not succeeded.
        isReady = false
        let waiting = pending
        pending = []
        for call in waiting where !call.isDone { dispatch(call) }
      } catch {
        tcp.close()
        attemptFailed("out of memory")
      }
    }
  }

  private func attemptFailed(_ message: String) {
    lastFailure = message
    position = (position + 1) % target.count
    guard !isClosed else { return giveUp(message) }
    guard position == 0 else { return connect() }
    let wait = backoff.failed(chance: .random(in: 0...1))
    let timer = loop.schedule(after: wait) { [weak self] in
      guard let self else { return }
      // Only for somebody who waits: an idle channel keeps no server busy.
      if pending.isEmpty { state = .idle } else { connect() }
    }
    state = .backingOff(timer)
    giveUp(message)
  }

  /// Ends the calls that do not wait for better times.
  private func giveUp(_ message: String) {
    if isClosed { state = .idle }
    let waiting = pending
    pending = waiting.filter { $0.options.waitsForReady && !isClosed }
    for call in waiting where !call.options.waitsForReady || isClosed { call.abort(.unavailable(message)) }
  }

  private func reconnect(after connection: HTTP2Connection) {
    guard case .connected(let current) = state, current === connection else { return }
    state = .idle
    if !pending.isEmpty { connect() }
  }

  func ready(_ connection: HTTP2Connection) {
    backoff.succeeded()
    isReady = true
  }

  func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode, on connection: HTTP2Connection) {
    reconnect(after: connection)
    connection.drain()
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {
    guard case .connected(let current) = state, current === connection else { return }
    // One that had worked is replaced at once; one that never did is tried again later.
    if isReady {
      state = .idle
      if !pending.isEmpty { connect() }
    } else {
      attemptFailed("the connection was lost")
    }
  }

  func close() {
    isClosed = true
    for call in pending { call.abort(.unavailable("the channel is closed")) }
    pending = []
    switch state {
    case .connected(let connection): connection.drain()
    case .backingOff(let timer): loop.cancel(timer)
    case .idle, .connecting: break
    }
    state = .idle
  }
}
