internal import CPostgres
internal import DequeModule
internal import Reactor

/// One connection of a pool, in pipeline mode on its loop. Each call is a unit that ends with a Sync, so the failure of one leaves the
/// next untouched.
///
/// Only its loop touches it, one thing after the other, so that access to its fields need not be checked for overlaps while it runs.
final class Connection: ReadinessHandler {
  enum State {
    case connecting, ready, closed
  }

  private let loop: EventLoop
  private let pool: ConnectionPool
  /// What libpq has of it; nil while connecting and when closed.
  @exclusivity(unchecked) private var handle: ConnectionHandle?
  @exclusivity(unchecked) private var attempt: ConnectionAttempt?
  @exclusivity(unchecked) private var watch: Watch?
  @exclusivity(unchecked) private var watchesForWriting = false
  @exclusivity(unchecked) private var prepared = PreparedStatements()
  @exclusivity(unchecked) private var inFlight = Deque<Call>()
  @exclusivity(unchecked) private(set) var state = State.connecting
  /// When the first call under way became the first.
  @exclusivity(unchecked) private var headSince: Instant
  /// A request to cancel is on its way: what it hits is not certain until it has been delivered.
  @exclusivity(unchecked) private var isCancelling = false
  /// Not to be given new calls: closed once it is empty.
  @exclusivity(unchecked) private(set) var isRetired = false
  /// Reserved by an interactive transaction.
  @exclusivity(unchecked) var isLeased = false

  init(loop: EventLoop, pool: ConnectionPool) {
    self.loop = loop
    self.pool = pool
    headSince = loop.now
  }

  var load: Int { inFlight.count }
  /// Whether the last answer of the server said that no transaction is open.
  var isOutsideTransaction: Bool { handle?.isOutsideTransaction ?? false }
  var isIdle: Bool { state == .ready && inFlight.isEmpty && !isLeased && !isCancelling && !isRetired }

  /// Whether one more transaction may be sent behind those under way: not behind one that takes long.
  func canShare(depth: Int, now: Instant) -> Bool {
    state == .ready && !isLeased && !isCancelling && !isRetired && inFlight.count < depth
      && headSince.duration(to: now) < .milliseconds(20)
  }

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
    pool.connected(self)
  }

  private func endWatch() {
    if let watch { loop.unwatch(watch) }
    watch = nil
  }

  // MARK: - Sending

  /// Sends a call behind those under way.
  func send(_ call: Call) {
    call.state = .flying
    call.connection = self
    call.forgetAnswer()
    if inFlight.isEmpty { headSince = loop.now }
    inFlight.append(call)
    guard write(call), flush() else { return lost() }
  }

  private func write(_ call: Call) -> Bool {
    guard let handle else { return false }
    switch call.kind {
    case .single(let tenant):
      // Without BEGIN, everything up to the Sync is one transaction, which the Sync commits. Its failure ends with it, where an
      // explicit transaction would stay open and fail what is behind it in the pipeline.
      guard execute(ControlStatement.context(tenant, deadline: call.deadline, pool.configuration), .control, call)
      else { return false }
    case .step(let opening?):
      guard execute(ControlStatement.begin(opening.isolation), .control, call),
        execute(ControlStatement.context(opening.tenant, deadline: call.deadline, pool.configuration), .control, call)
      else { return false }
    case .commit:
      guard execute(ControlStatement.commit, .commit, call) else { return false }
    case .rollback:
      guard execute(ControlStatement.rollback, .control, call) else { return false }
    case .step(nil), .lease:
      break
    }
    for statement in call.statements {
      guard execute(statement, .statement, call) else { return false }
    }
    return handle.sendSync()
  }

  private func execute(_ statement: Statement, _ command: Call.Command, _ call: Call) -> Bool {
    guard let handle else { return false }
    let key = PreparedStatements.Key(statement)
    let name: String
    if let known = prepared.name(of: key) {
      name = known
    } else {
      name = prepared.add(key)
      if prepared.isFull { isRetired = true }
      guard handle.sendPrepare(name: name, statement) else { return false }
      call.commands.append(.prepare(key))
    }
    guard handle.sendExecute(name: name, statement.parameters) else { return false }
    call.commands.append(command)
    return true
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

  /// Whether the server is still there, as far as the socket tells. Asked before use after a pause, so that a call does not find out and
  /// end with its outcome unknown.
  func proveAlive() -> Bool {
    guard let handle, headSince.duration(to: Instant.now()) > .milliseconds(5), !handle.isStillOpen() else {
      return state == .ready
    }
    lost()
    return false
  }

  // MARK: - Receiving

  func ready(_ events: Interest) {
    guard state == .ready, let handle else { return }
    if watchesForWriting, events.contains(.write), !flush() { return lost() }
    guard handle.consumeInput() else { return lost() }
    receive(handle)
    if inFlight.isEmpty, state == .ready {
      handle.dropNotifications()
      if !events.isDisjoint(with: [.hangup, .error]) { return lost() }
    }
    if state == .ready, handle.isBad { lost() }
  }

  private func receive(_ handle: ConnectionHandle) {
    var nothing = 0
    // libpq has the end of a command's results at hand as soon as it has given the last one.
    var hasMore = false
    while state == .ready, let call = inFlight.first, nothing < 2, hasMore || !handle.isBusy {
      hasMore = false
      guard let result = handle.nextResult() else {
        // The end of one command's results; twice in a row it is the end of what has come.
        nothing += 1
        continue
      }
      nothing = 0
      switch result.handle.status {
      case .sync: landed(call)
      case .unsupported:
        isRetired = true
        return lost()
      case .failed where result.handle.sqlState.isEmpty:
        // Not the server's word: libpq has lost the connection.
        return lost()
      default:
        call.take(result, in: &prepared)
        call.position += 1
        hasMore = true
      }
    }
  }

  private func landed(_ call: Call) {
    inFlight.removeFirst()
    headSince = loop.now
    if call.hasOpenedTransaction {
      // Nothing was committed, and what came behind it runs inside.
      isRetired = true
      pool.landed(call, on: self)
      return lost()
    }
    pool.landed(call, on: self)
    if let head = inFlight.first, head.interruption != nil { cancelHead() }
    if inFlight.isEmpty, isRetired, !isLeased { close() }
  }

  // MARK: - Ending

  /// Asks the server to stop the first call under way, if its caller wants that.
  func cancelHead() {
    guard state == .ready, !isCancelling, let head = inFlight.first, head.interruption != nil else { return }
    guard let cancel = handle?.makeCancel() else { return lost() }
    isCancelling = true
    // By the time the request arrives the server may be busy with the next one.
    for bystander in inFlight.dropFirst() { bystander.mayBeHit = true }
    let bound = LoopBound(self, loop: loop)
    pool.cancel(cancel) { bound.value.cancelDelivered() }
  }

  private func cancelDelivered() {
    isCancelling = false
    guard state == .ready else { return }
    // It may have hit the call before; another one waits until its turn comes.
    if inFlight.isEmpty, isRetired, !isLeased { return close() }
    pool.capacityAppeared()
  }

  func isHead(_ call: Call) -> Bool { inFlight.first === call }

  /// Takes no more calls; closes when those under way have landed.
  func retire() {
    isRetired = true
    if inFlight.isEmpty, !isLeased { close() }
  }

  /// Gives up the connection and what is under way on it: the server rolls back what it has not committed.
  func discard() {
    lost()
  }

  private func fail(_ reason: String) {
    guard state == .connecting else { return }
    shut()
    pool.connectFailed(self, reason: reason)
  }

  private func lost() {
    guard state == .ready else { return }
    drainLastWords()
    let unfinished = Array(inFlight)
    inFlight.removeAll()
    shut()
    pool.lost(self, unfinished)
  }

  /// A server that ends a connection says why first. It may have been read already.
  private func drainLastWords() {
    guard let handle, let head = inFlight.first else { return }
    var attempts = 0
    while attempts < 16, !handle.isBusy || handle.isBad, let result = handle.nextResult() {
      attempts += 1
      if result.handle.status == .failed, !result.handle.sqlState.isEmpty { head.take(result, in: &prepared) }
    }
  }

  func close() {
    guard state != .closed else { return }
    shut()
    pool.closed(self)
  }

  private func shut() {
    state = .closed
    attempt?.cancel()
    attempt = nil
    endWatch()
    handle = nil
  }
}
