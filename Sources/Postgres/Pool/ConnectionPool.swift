internal import Reactor

/// The connections of one event loop. What happens is told to `PoolState` and to the `RequestState` concerned, and what they answer is done:
/// nothing is decided here. Everything happens on the loop, one thing after the other, so access to the fields is not checked for
/// overlaps.
final class ConnectionPool {
  let loop: EventLoop
  let configuration: DatabaseConfiguration
  let counters: PoolCounters
  private let settings: ConnectionSettings?
  /// Runs what blocks while connecting.
  private let connecting: BlockingPool
  /// Sends requests to cancel. Threads of their own: a name server that does not answer must not keep them.
  private let cancelling: BlockingPool
  private let rules: RequestState.Rules
  @exclusivity(unchecked) private var state: PoolState<Request>
  @exclusivity(unchecked) private var connections: [Connection] = []
  @exclusivity(unchecked) private var retryTimer: Timer?
  @exclusivity(unchecked) private var whenClosed: [() -> Void] = []

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
    rules = RequestState.Rules(
      serializationAttempts: configuration.serializationAttempts, statementTimeout: configuration.statementTimeout)
    state = PoolState(
      limits: PoolState.Limits(
        connections: configuration.connectionsPerLoop, waiting: configuration.waitersPerLoop,
        depth: configuration.pipelineDepth))
  }

  // MARK: - Requests

  /// Takes a request whose continuation is set.
  func begin(_ request: Request) {
    for statement in request.statements {
      if let refusal = statement.parameters.refusal { return perform(request.state.refused(refusal), for: request) }
    }
    let now = loop.now
    let step = request.state.begin(now: now)
    if step == .place, let moment = request.state.firstTimer(now: now) { setTimer(request, at: moment) }
    perform(step, for: request)
  }

  /// The calling task was cancelled.
  func cancelled(_ request: Request) {
    perform(request.state.cancelled(now: loop.now), for: request)
  }

  private func setTimer(_ request: Request, at moment: Instant) {
    if let timer = request.timer { loop.cancel(timer) }
    request.timer = loop.schedule(at: moment) { [self] in
      request.timer = nil
      perform(request.state.timerFired(now: loop.now), for: request)
    }
  }

  private func perform(_ step: RequestState.Step, for request: Request, on connection: Connection? = nil) {
    switch step {
    case .nothing: break
    case .place: place(request)
    case .placeFirst: placeFirst(request)
    case .placeFirstElsewhere:
      if let connection { retire(connection) }
      placeFirst(request)
    case .wait(let moment):
      if case .pausing = request.state.phase { counters.retries.add(1) }
      setTimer(request, at: moment)
    case .succeed: answer(request, .rows(request.rows))
    case .fail(let error): answer(request, .failed(error))
    case .failAndRetire(let error):
      if let connection { retire(connection) }
      answer(request, .failed(error))
    case .leave(let error):
      state.leave(request)
      counters.waiting.store(state.waitingCount)
      answer(request, .failed(error))
    case .cancel(let moment):
      setTimer(request, at: moment)
      request.connection?.cancel(request)
    case .abandon(let error):
      let connection = request.connection
      answer(request, .failed(error))
      connection?.abandon(request)
    }
  }

  private func place(_ request: Request) {
    guard let lent = request.lent else {
      if settings == nil {
        return perform(request.state.refused(.unavailable(reason: "the connection string is not valid")), for: request)
      }
      request.state.queued()
      return perform(state.place(request, now: loop.now))
    }
    guard lent.value.state == .ready else {
      return perform(
        request.state.refused(.unavailable(reason: "the transaction's connection was lost")), for: request)
    }
    if request.needsTransaction, lent.value.isOutsideTransaction {
      // The body ended it with SQL of its own. What would come now, even the commit, would run outside and look like a success.
      return perform(request.state.refused(.server(sqlState: SQLState.noActiveTransaction)), for: request)
    }
    send(request, on: lent.value)
  }

  private func placeFirst(_ request: Request) {
    request.state.queued()
    perform(state.placeFirst(request, now: loop.now))
  }

  private func send(_ request: Request, on connection: Connection?) {
    request.state.sent(now: loop.now)
    request.connection = connection
    guard let connection, connection.send(request) else { return perform(request.state.returned(), for: request) }
  }

  private func answer(_ request: Request, _ outcome: Request.Outcome) {
    if let timer = request.timer { loop.cancel(timer) }
    request.timer = nil
    request.connection = nil
    request.continuation.take()?.resume(returning: outcome)
  }

  // MARK: - What the state wants done

  private func perform(_ actions: [PoolState<Request>.Action]) {
    for action in actions {
      switch action {
      case .send(let request, let id): send(request, on: connection(id))
      case .lend(let id, let request): lend(id, to: request)
      case .fail(let request, let error): perform(request.state.refused(error), for: request)
      case .connect(let id): connect(id)
      case .close(let id): take(id)?.close()
      case .retry(let pause):
        retryTimer = loop.schedule(after: pause) { [self] in
          retryTimer = nil
          perform(state.retryDue())
        }
      case .closed:
        if let retryTimer { loop.cancel(retryTimer) }
        retryTimer = nil
        let completions = whenClosed
        whenClosed = []
        for completion in completions { completion() }
      }
    }
    counters.waiting.store(state.waitingCount)
    counters.connections.store(state.connectionCount)
  }

  private func connection(_ id: Int) -> Connection? { connections.first { $0.id == id } }

  private func take(_ id: Int) -> Connection? {
    connections.firstIndex { $0.id == id }.map { connections.remove(at: $0) }
  }

  private func connect(_ id: Int) {
    guard let settings else { return }
    let connection = Connection(id: id, loop: loop, pool: self)
    connections.append(connection)
    connection.connect(settings, helpers: connecting, timeout: configuration.connectTimeout)
  }

  private func lend(_ id: Int, to request: Request) {
    guard let connection = connection(id) else {
      request.state.sent(now: loop.now)
      return perform(request.state.returned(), for: request)
    }
    counters.leases.add(1)
    request.state.lent()
    answer(request, .lent(LoopBound(connection, loop: loop)))
  }

  func release(_ connection: Connection) {
    counters.leases.add(-1)
    perform(state.released(connection.id, isReusable: connection.isReusable, now: loop.now))
  }

  private func retire(_ connection: Connection) {
    perform(state.retire(connection.id))
  }

  // MARK: - What connections tell

  func connected(_ connection: Connection) {
    perform(state.connected(connection.id, now: loop.now))
  }

  func connectFailed(_ connection: Connection, reason: String) {
    _ = take(connection.id)
    counters.connectFailures.add(1)
    perform(state.connectFailed(connection.id, reason: reason, chance: .random(in: 0..<1)))
  }

  func finished(_ request: Request, _ ending: PipelineEnding, _ rows: [ResultBox], on connection: Connection) {
    counters.transactions.add(1)
    request.rows = rows
    let step = request.state.finished(ending, rules: rules, now: loop.now, chance: .random(in: 0..<1))
    perform(step, for: request, on: connection)
    if request.lent == nil { perform(state.finished(connection.id, now: loop.now)) }
  }

  /// The connection has prepared as many statements as it may.
  func isFull(_ connection: Connection) {
    retire(connection)
  }

  func lost(_ connection: Connection, _ unfinished: [Pipeline<Request>.Unfinished]) {
    _ = take(connection.id)
    counters.connectionsLost.add(1)
    ended(unfinished)
    perform(state.lost(connection.id))
  }

  /// Their connection was ended under them.
  func ended(_ unfinished: [Pipeline<Request>.Unfinished]) {
    for one in unfinished {
      perform(one.request.state.lost(one.failure, isUndone: one.isUndone), for: one.request)
    }
  }

  /// Sends a request to cancel where it may block; `delivered` runs on the loop.
  func send(_ cancel: CancelHandle, on connection: Connection, delivered: @escaping @Sendable () -> Void) {
    counters.cancels.add(1)
    state.cancelBegan(connection.id)
    Task(executorPreference: loop) { [cancelling, loop] in
      _ = try? await cancelling.run { cancel.send() }
      loop.execute(delivered)
    }
  }

  func cancelEnded(_ connection: Connection) {
    perform(state.cancelEnded(connection.id, now: loop.now))
  }

  // MARK: - Closing

  /// Ends every connection as soon as nothing is under way on it, at the latest after `limit`.
  func close(within limit: Duration, _ completion: @escaping () -> Void) {
    guard !state.isClosed || state.connectionCount > 0 else { return completion() }
    whenClosed.append(completion)
    perform(state.close())
    guard state.connectionCount > 0 else { return }
    loop.schedule(after: limit) { [self] in perform(state.closeNow()) }
  }
}
