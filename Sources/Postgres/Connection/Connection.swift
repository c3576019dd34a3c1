internal import CPostgres
internal import Reactor

/// One connection of a pool, in pipeline mode on its loop: writes requests, reads answers, and tells the pool what its `Pipeline` makes
/// of them.
///
/// Only its loop touches it, one thing after the other, so that access to its fields need not be checked for overlaps while it runs.
final class Connection: ReadinessHandler {
  enum State {
    case connecting, ready, closed
  }

  let id: Int
  private let loop: EventLoop
  private let pool: ConnectionPool
  /// What libpq has of it; nil while connecting and when closed.
  @exclusivity(unchecked) private var handle: ConnectionHandle?
  @exclusivity(unchecked) private var attempt: ConnectionAttempt?
  @exclusivity(unchecked) private var watch: Watch?
  @exclusivity(unchecked) private var watchesForWriting = false
  @exclusivity(unchecked) private(set) var state = State.connecting
  @exclusivity(unchecked) private var pipeline = Pipeline<Request>()
  /// What the first request under way has been answered so far.
  @exclusivity(unchecked) private var rows: [ResultBox] = []
  /// When something was last sent or received.
  @exclusivity(unchecked) private var lastActive: Instant
  /// The `statement_timeout` of the open transaction, in milliseconds.
  @exclusivity(unchecked) private var toldMilliseconds: Int64 = 0

  /// An idle connection is looked at before it is used again, unless it was used that recently.
  private static let longestUnchecked = Duration.milliseconds(5)

  init(id: Int, loop: EventLoop, pool: ConnectionPool) {
    self.id = id
    self.loop = loop
    self.pool = pool
    lastActive = loop.now
  }

  /// Whether the last answer of the server said that no transaction is open.
  var isOutsideTransaction: Bool { handle?.isOutsideTransaction ?? false }
  /// Nothing is under way on it, and no transaction open.
  var isReusable: Bool { state == .ready && pipeline.isEmpty && isOutsideTransaction }

  // MARK: - Connecting

  func connect(_ settings: ConnectionSettings, helpers: BlockingPool, timeout: Duration) {
    attempt = ConnectionAttempt(loop: loop, settings: settings, helpers: helpers, timeout: timeout) { [self] outcome in
      attempt = nil
      switch outcome {
      case .connected(let handle): connected(handle)
      case .failed(let reason): fail(reason)
      }
    }
  }

  private func connected(_ handle: ConnectionHandle) {
    self.handle = handle
    guard handle.enterPipeline() else { return fail(handle.errorMessage) }
    do {
      watch = try loop.watch(handle.descriptor, for: .read, self)
    } catch {
      return fail("\(error)")
    }
    state = .ready
    lastActive = loop.now
    pool.connected(self)
  }

  private func fail(_ reason: String) {
    guard state == .connecting else { return }
    shut()
    pool.connectFailed(self, reason: reason)
  }

  // MARK: - Sending

  /// Sends a request behind those under way.
  /// - Returns: false when nothing was sent, since the connection turned out to be lost. The pool has been told of that.
  func send(_ request: Request) -> Bool {
    guard let handle, state == .ready else { return false }
    let now = Instant.now()
    // Asked before use after a pause: a request that finds out by itself ends with its outcome unknown.
    if pipeline.isEmpty, lastActive.duration(to: now) > Self.longestUnchecked, !handle.isStillOpen() {
      lost()
      return false
    }
    lastActive = now
    pipeline.begin(request, isWholeTransaction: request.isShareable)
    if !write(request, handle) || !flush() { lost() }
    return true
  }

  private func write(_ request: Request, _ handle: ConnectionHandle) -> Bool {
    let configuration = pool.configuration
    switch request.kind {
    case .transaction(let tenant):
      // Without BEGIN, everything up to the Sync is one transaction, which the Sync commits. Its failure ends with it, where an
      // explicit transaction would stay open and fail what is behind it in the pipeline.
      let milliseconds = configuration.statementMilliseconds(until: request.deadline)
      guard execute(ControlStatement.context(tenant, statementMilliseconds: milliseconds), .control, handle)
      else { return false }
    case .statements(let opening?):
      toldMilliseconds = configuration.statementMilliseconds(until: request.deadline)
      let context = ControlStatement.context(
        opening.tenant, statementMilliseconds: toldMilliseconds,
        idleMilliseconds: configuration.idleMilliseconds(until: request.deadline))
      guard execute(ControlStatement.begin(opening.isolation), .control, handle), execute(context, .control, handle)
      else { return false }
    case .statements(nil):
      // Told again when much of the time that the transaction began with has passed, so that the server keeps the deadline by itself.
      let milliseconds = configuration.statementMilliseconds(until: request.deadline)
      if milliseconds < toldMilliseconds / 2 {
        toldMilliseconds = milliseconds
        guard execute(ControlStatement.statementTimeout(milliseconds), .control, handle) else { return false }
      }
    case .commit:
      guard execute(ControlStatement.commit, .commit, handle) else { return false }
    case .rollback:
      guard execute(ControlStatement.rollback, .control, handle) else { return false }
    case .connection:
      break
    }
    for statement in request.statements {
      guard execute(statement, .statement, handle) else { return false }
    }
    pipeline.expect(.sync)
    return handle.sendSync()
  }

  private func execute(
    _ statement: Statement, _ command: Pipeline<Request>.Command, _ handle: ConnectionHandle
  ) -> Bool {
    let (name, isNew) = pipeline.name(of: PreparedStatements.Key(statement))
    if isNew {
      guard handle.sendPrepare(name: name, statement) else { return false }
      if pipeline.prepared.isFull { pool.isFull(self) }
    }
    pipeline.expect(command)
    return handle.sendExecute(name: name, statement.parameters)
  }

  private func flush() -> Bool {
    guard let handle, let watch else { return false }
    let outcome = handle.flush()
    guard outcome >= 0 else { return false }
    let mustWait = outcome == 1
    if mustWait != watchesForWriting {
      watchesForWriting = mustWait
      loop.modify(watch, for: mustWait ? [.read, .write] : .read)
    }
    return true
  }

  // MARK: - Receiving

  func ready(_ events: Interest) {
    guard state == .ready, let handle else { return }
    if watchesForWriting, events.contains(.write), !flush() { return lost() }
    guard handle.consumeInput() else { return lost() }
    receive(handle)
    if pipeline.isEmpty, state == .ready {
      handle.dropNotifications()
      if !events.isDisjoint(with: [.hangup, .error]) { return lost() }
    }
    if state == .ready, handle.isBad { lost() }
  }

  private func receive(_ handle: ConnectionHandle) {
    var nothing = 0
    // libpq has the end of a command's results at hand as soon as it has given the last one.
    var hasMore = false
    while state == .ready, !pipeline.isEmpty, nothing < 2, hasMore || !handle.isBusy {
      hasMore = false
      guard let result = handle.nextResult() else {
        // The end of one command's results; twice in a row it is the end of what has come.
        nothing += 1
        continue
      }
      nothing = 0
      // Without a code it is not the server's word: libpq has lost the connection.
      guard let answer = result.handle.answer else { return lost() }
      hasMore = answer != .synced
      switch pipeline.received(answer) {
      case .nothing: break
      case .keep: rows.append(result)
      case .broken: lost()
      case .finished(let request, let ending): finished(request, ending)
      }
    }
  }

  private func finished(_ request: Request, _ ending: PipelineEnding) {
    lastActive = loop.now
    let rows = rows
    self.rows.removeAll()
    if ending.leftTransactionOpen {
      // What came behind it runs inside.
      pool.finished(request, ending, rows, on: self)
      return lost()
    }
    if pipeline.takeCancel() { sendCancel() }
    pool.finished(request, ending, rows, on: self)
    if state == .ready, pipeline.isDeserted { lost() }
  }

  // MARK: - Cancelling

  /// Asks the server to stop the request, when it is its turn.
  func cancel(_ request: Request) {
    guard state == .ready, pipeline.wantsCancel(request) else { return }
    sendCancel()
  }

  private func sendCancel() {
    guard let cancel = handle?.makeCancel() else { return lost() }
    let bound = LoopBound(self, loop: loop)
    pool.send(cancel, on: self) { bound.value.cancelDelivered() }
  }

  private func cancelDelivered() {
    pipeline.cancelDelivered()
    guard state == .ready else { return }
    if pipeline.takeCancel() { return sendCancel() }
    pool.cancelEnded(self)
  }

  /// Nobody waits for the request any longer. Gives the connection up when that is true of everything under way on it; what others wait
  /// for goes on.
  func abandon(_ request: Request) {
    pipeline.abandon(request)
    if pipeline.isDeserted { lost() }
  }

  // MARK: - Ending

  /// Ends the connection, and what is under way on it: the server rolls back what it has not committed.
  func close() {
    guard state == .ready, !pipeline.isEmpty else { return shut() }
    let unfinished = takeUnfinished()
    shut()
    pool.ended(unfinished)
  }

  private func lost() {
    guard state == .ready else { return }
    let unfinished = takeUnfinished()
    shut()
    pool.lost(self, unfinished)
  }

  /// Everything that was under way. A server that ends a connection says why first, which may have been read already.
  private func takeUnfinished() -> [Pipeline<Request>.Unfinished] {
    var attempts = 0
    while let handle, !pipeline.isEmpty, attempts < 16, !handle.isBusy || handle.isBad, let result = handle.nextResult()
    {
      attempts += 1
      if case .failed(let failure)? = result.handle.answer { pipeline.failedFirst(failure) }
    }
    rows.removeAll()
    return pipeline.lost()
  }

  private func shut() {
    state = .closed
    attempt?.cancel()
    attempt = nil
    if let watch { loop.unwatch(watch) }
    watch = nil
    handle = nil
  }
}

extension ResultHandle {
  /// What the result says to the pipeline; nil when libpq has lost the connection.
  var answer: Pipeline<Request>.Answer? {
    switch status {
    case .tuples, .empty: .done(.other)
    case .command: .done(opensTransaction ? .begin : commandTagIsRollback ? .rollback : .other)
    case .sync: .synced
    case .aborted: .skipped
    case .unsupported: .unsupported
    case .failed: failure.map { .failed($0) }
    }
  }

  private var failure: PipelineFailure? {
    let sqlState = sqlState
    guard !sqlState.isEmpty else { return nil }
    return PipelineFailure(
      sqlState: sqlState, name: sqlState == SQLState.notNullViolation ? columnName : constraintName, isFatal: isFatal)
  }
}
