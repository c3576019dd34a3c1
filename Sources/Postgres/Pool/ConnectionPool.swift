internal import DequeModule
internal import Reactor

/// The connections of one event loop: who gets one, who waits, when a new one is made. Everything happens on the loop, one thing after
/// the other, so access to the fields is not checked for overlaps.
///
/// A call goes to an idle connection; while there is none the pool grows, and one-round-trip transactions are sent behind others that are
/// under way. Who comes when callers wait queues behind them, so nobody is overtaken.
final class ConnectionPool {
  let loop: EventLoop
  let configuration: DatabaseConfiguration
  let counters: PoolCounters
  private let settings: ConnectionSettings?
  /// Runs what blocks while connecting.
  private let connecting: BlockingPool
  /// Sends requests to cancel. Threads of their own: a name server that does not answer must not keep them.
  private let cancelling: BlockingPool
  @exclusivity(unchecked) private var connections: [Connection] = []
  @exclusivity(unchecked) private var waiters = Deque<Call>()
  /// Calls in `waiters` that still wait; the others have ended meanwhile.
  @exclusivity(unchecked) private var waiting = 0
  @exclusivity(unchecked) private var backoff = Backoff(initial: .milliseconds(25), maximum: .seconds(1))
  /// Set between a failed attempt and the next.
  @exclusivity(unchecked) private var retryTimer: Timer?
  @exclusivity(unchecked) private var lastFailure = "not connected yet"
  @exclusivity(unchecked) private var whenClosed: (() -> Void)?
  @exclusivity(unchecked) private var isClosed = false

  /// How long the server may take to obey a request to cancel before the connection is given up.
  static let cancelGrace = Duration.seconds(2)
  /// How long after the deadline the server's own `statement_timeout` is waited for.
  static let timeoutGrace = Duration.milliseconds(100)

  init(
    loop: EventLoop, configuration: DatabaseConfiguration, settings: ConnectionSettings?, counters: PoolCounters,
    connecting: BlockingPool, cancelling: BlockingPool
  ) {
    self.loop = loop
    self.configuration = configuration
    self.counters = counters
    self.settings = settings
    self.connecting = connecting
    self.cancelling = cancelling
  }

  // MARK: - Calls

  /// Takes a call whose continuation is set.
  func begin(_ call: Call) {
    if isClosed { return end(call, .failed(.unavailable(reason: "the database was closed"))) }
    for statement in call.statements {
      if let refusal = statement.parameters.refusal { return end(call, .failed(refusal)) }
    }
    if let interruption = call.interruption { return end(call, .failed(interruption.error)) }
    if call.deadline != .never {
      guard call.deadline.instant > loop.now else { return end(call, .failed(.timeout)) }
      call.timer = loop.schedule(at: call.deadline.instant) { [self] in
        call.timer = nil
        deadlinePassed(call)
      }
    }
    if case .step = call.kind { return sendOnLease(call) }
    place(call)
  }

  /// Sends a call on the connection its transaction holds.
  private func sendOnLease(_ call: Call) {
    guard let connection = call.lease?.value, connection.state == .ready else {
      return end(call, .failed(.unavailable(reason: "the transaction's connection was lost")))
    }
    if connection.isOutsideTransaction, call.needsTransaction {
      // The body ended it with SQL of its own. What would come now, even the commit, would run outside and look like a success.
      return end(call, .failed(.server(sqlState: SQLState.noActiveTransaction)))
    }
    connection.send(call)
  }

  /// The same for the end of a transaction, which neither a deadline nor a cancelled task stops: only a silent server does.
  func finish(_ call: Call) {
    call.state = .flying
    call.timer = loop.schedule(after: Self.cancelGrace) { [self] in
      call.timer = nil
      giveUp(call)
    }
    sendOnLease(call)
  }

  private func place(_ call: Call) {
    while waiting == 0, let connection = connection(for: call) {
      if connection.load > 0 || connection.proveAlive() { return give(connection, to: call) }
    }
    if connections.isEmpty, retryTimer != nil || settings == nil { return end(call, .failed(unavailable)) }
    guard waiting < configuration.waitersPerLoop else { return end(call, .failed(.poolExhausted)) }
    call.state = .waiting
    waiters.append(call)
    waiting += 1
    counters.waiting.store(waiting)
    grow()
  }

  private func connection(for call: Call) -> Connection? {
    var best: Connection?
    let now = loop.now
    for connection in connections {
      if connection.isIdle { return connection }
      if call.isShareable, connection.canShare(depth: configuration.pipelineDepth, now: now),
        connection.load < best?.load ?? .max
      {
        best = connection
      }
    }
    if best != nil { grow() }
    return best
  }

  private func give(_ connection: Connection, to call: Call) {
    guard case .lease = call.kind else { return connection.send(call) }
    connection.isLeased = true
    counters.leases.add(1)
    end(call, .leased(LoopBound(connection, loop: loop)))
  }

  /// A connection can take more: those who wait come first.
  func capacityAppeared() {
    while waiting > 0, let next = waiters.first {
      guard next.state == .waiting else {
        waiters.removeFirst()
        continue
      }
      guard let connection = connection(for: next) else { return }
      guard connection.load > 0 || connection.proveAlive() else { continue }
      waiters.removeFirst()
      waiting -= 1
      counters.waiting.store(waiting)
      give(connection, to: next)
    }
    if waiting == 0 { waiters.removeAll(keepingCapacity: true) }
  }

  private func end(_ call: Call, _ outcome: Call.Outcome) {
    if let timer = call.timer { loop.cancel(timer) }
    call.timer = nil
    call.connection = nil
    call.state = .ended
    call.continuation.take()?.resume(returning: outcome)
  }

  // MARK: - Impatience

  /// The calling task was cancelled.
  func cancelled(_ call: Call) {
    if call.state == .flying, call.interruption == nil, let timer = call.timer { loop.cancel(timer) }
    interrupt(call, .cancelled)
  }

  private func deadlinePassed(_ call: Call) {
    guard call.state == .flying else { return interrupt(call, .timeout) }
    // The server has been told the same deadline and usually ends the statement by itself.
    call.timer = loop.schedule(after: Self.timeoutGrace) { [self] in
      call.timer = nil
      interrupt(call, .timeout)
    }
  }

  private func interrupt(_ call: Call, _ reason: Call.Interruption) {
    switch call.state {
    case .ended: break
    case .created: call.interruption = reason
    case .waiting:
      waiting -= 1
      counters.waiting.store(waiting)
      end(call, .failed(reason.error))
    case .flying:
      guard call.interruption == nil else { return }
      call.interruption = reason
      call.timer = loop.schedule(after: Self.cancelGrace) { [self] in
        call.timer = nil
        giveUp(call)
      }
      call.connection?.cancelHead()
    }
  }

  /// The server does not even answer the request to cancel.
  private func giveUp(_ call: Call) {
    guard call.state == .flying else { return }
    if call.connection?.isHead(call) ?? true {
      call.connection?.discard()
      return
    }
    // Others are at work before it and must not suffer: its caller goes, it is cancelled when its turn comes.
    call.continuation.take()?.resume(returning: .failed(.commitUnknown))
    call.timer = loop.schedule(after: Self.cancelGrace) { [self] in
      call.timer = nil
      giveUp(call)
    }
  }

  /// Sends a request to cancel where it may block; `delivered` runs on the loop.
  func cancel(_ handle: CancelHandle, delivered: @escaping @Sendable () -> Void) {
    counters.cancels.add(1)
    Task(executorPreference: loop) { [cancelling, loop] in
      _ = try? await cancelling.run { handle.send() }
      loop.execute(delivered)
    }
  }

  // MARK: - What connections tell

  func connected(_ connection: Connection) {
    backoff.succeeded()
    counters.connections.store(connections.count)
    if isClosed { return connection.close() }
    capacityAppeared()
  }

  func landed(_ call: Call, on connection: Connection) {
    counters.transactions.add(1)
    if let failure = call.failure {
      failed(call, failure, on: connection)
    } else {
      end(call, .rows(call.rows))
    }
    if !connection.isLeased { capacityAppeared() }
  }

  private func failed(_ call: Call, _ failure: Call.Failure, on connection: Connection) {
    let code = failure.sqlState
    if code == SQLState.queryCanceled, let interruption = call.interruption {
      return end(call, .failed(interruption.error))
    }
    guard call.isShareable, call.interruption == nil else {
      return end(call, .failed(SQLState.error(code, name: failure.name)))
    }
    // The whole transaction was rolled back: running it again is safe.
    if code == SQLState.queryCanceled, call.mayBeHit, call.reruns < 3 {
      return again(call)
    }
    if code == SQLState.invalidStatementName || code == SQLState.featureNotSupported, call.reruns == 0 {
      // The plan or the name is stale (the schema changed, somebody deallocated it): a new connection knows nothing old.
      connection.retire()
      return again(call)
    }
    if SQLState.isSerialization(code), call.lostRaces + 1 < configuration.serializationAttempts {
      call.lostRaces += 1
      counters.retries.add(1)
      call.state = .created
      call.connection = nil
      loop.schedule(after: RaceDelay.after(call.lostRaces)) { [self] in
        guard call.state == .created else { return }
        if let interruption = call.interruption { return end(call, .failed(interruption.error)) }
        place(call)
      }
      return
    }
    end(call, .failed(SQLState.error(code, name: failure.name)))
  }

  /// Puts a call whose transaction was undone through no fault of its own back in front of those who wait.
  private func again(_ call: Call) {
    call.reruns += 1
    call.state = .waiting
    call.connection = nil
    waiters.prepend(call)
    waiting += 1
    grow()
  }

  func release(_ connection: Connection) {
    connection.isLeased = false
    counters.leases.add(-1)
    guard connection.state == .ready else { return }
    guard connection.isOutsideTransaction else { return connection.discard() }
    if isClosed || connection.isRetired { return connection.close() }
    capacityAppeared()
  }

  func connectFailed(_ connection: Connection, reason: String) {
    remove(connection)
    counters.connectFailures.add(1)
    lastFailure = reason
    guard !isClosed else { return finishClosing() }
    let pause = backoff.failed(chance: .random(in: 0..<1))
    if retryTimer == nil {
      retryTimer = loop.schedule(after: pause) { [self] in
        retryTimer = nil
        if connections.isEmpty || waiting > 0 { grow() }
      }
    }
    guard connections.isEmpty else { return }
    failWaiters(unavailable)
  }

  func lost(_ connection: Connection, _ unfinished: [Call]) {
    remove(connection)
    counters.connectionsLost.add(1)
    // The server works in order: once it has said that it ends the connection at the first call, none of them was committed.
    let definite = unfinished.first?.failure?.isFatal ?? false
    for call in unfinished {
      if let failure = call.failure {
        end(call, .failed(SQLState.error(failure.sqlState, name: failure.name)))
      } else if definite || !call.commits {
        end(call, .failed(.unavailable(reason: "the connection was lost before the commit")))
      } else {
        end(call, .failed(.commitUnknown))
      }
    }
    if isClosed { return finishClosing() }
    if waiting > 0 { grow() }
  }

  func closed(_ connection: Connection) {
    remove(connection)
    if isClosed { return finishClosing() }
    if waiting > 0 { grow() }
  }

  private func remove(_ connection: Connection) {
    connections.removeAll { $0 === connection }
    counters.connections.store(connections.count)
  }

  // MARK: - Growing and closing

  private var unavailable: DatabaseError {
    .unavailable(reason: settings == nil ? "the connection string is not valid" : lastFailure)
  }

  /// Makes one more connection if there may be one more and none is being made.
  private func grow() {
    guard !isClosed, retryTimer == nil, connections.count < configuration.connectionsPerLoop else { return }
    let connecting = connections.count { $0.state == .connecting }
    guard connecting == 0 || connecting < waiting else { return }
    startConnection()
  }

  private func startConnection() {
    guard !isClosed, let settings else { return }
    let connection = Connection(loop: loop, pool: self)
    connections.append(connection)
    connection.connect(settings, helpers: connecting, timeout: configuration.connectTimeout)
  }

  private func failWaiters(_ error: DatabaseError) {
    let all = waiters
    waiters.removeAll(keepingCapacity: true)
    waiting = 0
    counters.waiting.store(0)
    for call in all where call.state == .waiting { end(call, .failed(error)) }
  }

  /// Ends every connection as soon as nothing is under way on it, at the latest after `limit`.
  func close(within limit: Duration, _ completion: @escaping () -> Void) {
    guard !isClosed else { return completion() }
    isClosed = true
    whenClosed = completion
    if let retryTimer { loop.cancel(retryTimer) }
    failWaiters(.unavailable(reason: "the database was closed"))
    for connection in connections { connection.state == .connecting ? connection.close() : connection.retire() }
    loop.schedule(after: limit) { [self] in
      for connection in connections { connection.discard() }
    }
    finishClosing()
  }

  private func finishClosing() {
    guard connections.isEmpty, let completion = whenClosed.take() else { return }
    completion()
  }
}
