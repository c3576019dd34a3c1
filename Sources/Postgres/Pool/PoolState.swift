internal import Reactor

/// A request as the pool sees it.
protocol PoolRequest: Hashable {
  /// It may be sent behind others on a connection: a transaction in one round trip. Any other wants a connection for itself.
  var isShareable: Bool { get }
}

/// Which request gets which connection, who waits, and when connections are made and closed. Pure: it is told what happens and when, and
/// answers with actions, to be performed in their order.
///
/// A request goes to an idle connection; while there is none the pool grows, and one-round-trip transactions are sent behind others that
/// are under way. Who comes when requests wait queues behind them, so nobody is overtaken.
struct PoolState<Request: PoolRequest> {
  typealias ConnectionID = Int

  struct Limits: Hashable, Sendable {
    var connections: Int
    var waiting: Int
    /// Requests on one connection.
    var depth: Int
  }

  enum Action: Hashable {
    case send(Request, to: ConnectionID)
    /// The request has the connection for itself until it is released.
    case lend(ConnectionID, to: Request)
    case fail(Request, DatabaseError)
    case connect(ConnectionID)
    /// The pool has forgotten it already.
    case close(ConnectionID)
    /// Tell `retryDue` after that time.
    case retry(after: Duration)
    /// The last connection of a closed pool has gone.
    case closed
  }

  private struct Connection {
    let id: ConnectionID
    var isReady = false
    /// Requests under way; those of a lent connection are not counted.
    var load = 0
    /// When the first request under way became the first.
    var firstSince = Instant(nanoseconds: 0)
    var isLent = false
    var isCancelling = false
    /// Not to be given new requests: closed once it is empty.
    var isRetired = false

    var takesRequests: Bool { isReady && !isLent && !isCancelling && !isRetired }
    var isEmpty: Bool { isReady && !isLent && load == 0 }
  }

  let limits: Limits
  private var connections: [Connection] = []
  private var queue = WaitingQueue<Request>()
  private var lastID: ConnectionID = 0
  private var backoff = Backoff(initial: .milliseconds(25), maximum: .seconds(1))
  /// Between a failed attempt to connect and the next.
  private(set) var isRetryPending = false
  private(set) var isClosed = false
  private var lastFailure = "not connected yet"

  /// A request that has taken longer is not joined by others: they would wait for it although other connections may become free.
  static var longestJoined: Duration { .milliseconds(20) }

  init(limits: Limits) {
    self.limits = limits
  }

  var connectionCount: Int { connections.count }
  var waitingCount: Int { queue.count }

  // MARK: - Requests

  mutating func place(_ request: Request, now: Instant) -> [Action] {
    if isClosed { return [.fail(request, Self.closedError)] }
    if queue.isEmpty, let index = choose(for: request, now: now) {
      let isShared = connections[index].load > 0
      let action = assign(request, to: index, now: now)
      return isShared ? [action] + grow(for: 0) : [action]
    }
    if connections.isEmpty, isRetryPending { return [.fail(request, unavailable)] }
    guard queue.count < limits.waiting else { return [.fail(request, .poolExhausted)] }
    queue.append(request)
    return grow(for: queue.count)
  }

  /// Puts a request that was sent already, and undone through no fault of its own, before those who wait.
  mutating func placeFirst(_ request: Request, now: Instant) -> [Action] {
    if isClosed { return [.fail(request, Self.closedError)] }
    if connections.isEmpty, isRetryPending { return [.fail(request, unavailable)] }
    queue.prepend(request)
    return dispatch(now: now)
  }

  /// A request that waits does so no longer.
  mutating func leave(_ request: Request) {
    queue.remove(request)
  }

  private func choose(for request: Request, now: Instant) -> Int? {
    var best: Int?
    for index in connections.indices where connections[index].takesRequests {
      let connection = connections[index]
      if connection.load == 0 { return index }
      if request.isShareable, connection.load < limits.depth,
        connection.firstSince.duration(to: now) < Self.longestJoined,
        best.map({ connection.load < connections[$0].load }) ?? true
      {
        best = index
      }
    }
    return best
  }

  private mutating func assign(_ request: Request, to index: Int, now: Instant) -> Action {
    guard request.isShareable else {
      connections[index].isLent = true
      return .lend(connections[index].id, to: request)
    }
    if connections[index].load == 0 { connections[index].firstSince = now }
    connections[index].load += 1
    return .send(request, to: connections[index].id)
  }

  /// Gives connections to those who wait, in their order.
  private mutating func dispatch(now: Instant) -> [Action] {
    var actions: [Action] = []
    while let next = queue.first, let index = choose(for: next, now: now) {
      queue.remove(next)
      actions.append(assign(next, to: index, now: now))
    }
    return queue.isEmpty ? actions : actions + grow(for: queue.count)
  }

  // MARK: - What connections tell

  mutating func connected(_ id: ConnectionID, now: Instant) -> [Action] {
    guard let index = index(of: id) else { return [] }
    backoff.succeeded()
    connections[index].isReady = true
    return dispatch(now: now)
  }

  /// - Parameter chance: 0 ..< 1.
  mutating func connectFailed(_ id: ConnectionID, reason: String, chance: Double) -> [Action] {
    guard let index = index(of: id) else { return [] }
    connections.remove(at: index)
    lastFailure = reason
    let pause = backoff.failed(chance: chance)
    var actions: [Action] = []
    if !isRetryPending {
      isRetryPending = true
      actions.append(.retry(after: pause))
    }
    if connections.isEmpty { actions += failAll(unavailable) }
    return actions
  }

  mutating func retryDue() -> [Action] {
    isRetryPending = false
    return connections.isEmpty || !queue.isEmpty ? grow(for: queue.count) : []
  }

  /// A request that was sent on the connection has ended.
  mutating func finished(_ id: ConnectionID, now: Instant) -> [Action] {
    guard let index = index(of: id) else { return [] }
    if connections[index].load > 0 { connections[index].load -= 1 }
    connections[index].firstSince = now
    return freed(index, now: now)
  }

  /// Whoever had the connection for himself needs it no longer.
  /// - Parameter isReusable: nothing is under way on it, and no transaction open.
  mutating func released(_ id: ConnectionID, isReusable: Bool, now: Instant) -> [Action] {
    guard let index = index(of: id), connections[index].isLent else { return [] }
    connections[index].isLent = false
    if !isReusable { return close(index) }
    return freed(index, now: now)
  }

  mutating func cancelBegan(_ id: ConnectionID) {
    if let index = index(of: id) { connections[index].isCancelling = true }
  }

  mutating func cancelEnded(_ id: ConnectionID, now: Instant) -> [Action] {
    guard let index = index(of: id) else { return [] }
    connections[index].isCancelling = false
    return freed(index, now: now)
  }

  /// The connection is to take no more requests.
  mutating func retire(_ id: ConnectionID) -> [Action] {
    guard let index = index(of: id) else { return [] }
    connections[index].isRetired = true
    return connections[index].isEmpty ? close(index) : []
  }

  /// The connection has gone by itself, or is given up.
  mutating func lost(_ id: ConnectionID) -> [Action] {
    guard let index = index(of: id) else { return [] }
    connections.remove(at: index)
    if isClosed { return connections.isEmpty ? [.closed] : [] }
    return queue.isEmpty ? [] : grow(for: queue.count)
  }

  private mutating func freed(_ index: Int, now: Instant) -> [Action] {
    if connections[index].isRetired, connections[index].isEmpty { return close(index) }
    return queue.isEmpty || !connections[index].takesRequests ? [] : dispatch(now: now)
  }

  private func index(of id: ConnectionID) -> Int? {
    connections.firstIndex { $0.id == id }
  }

  // MARK: - Growing and closing

  /// Makes one more connection if there may be one more and enough are not being made already.
  private mutating func grow(for waiting: Int) -> [Action] {
    guard !isClosed, !isRetryPending, connections.count < limits.connections else { return [] }
    let connecting = connections.count { !$0.isReady }
    guard connecting == 0 || connecting < waiting else { return [] }
    lastID += 1
    connections.append(Connection(id: lastID))
    return [.connect(lastID)]
  }

  private mutating func close(_ index: Int) -> [Action] {
    let closing = Action.close(connections.remove(at: index).id)
    if isClosed { return connections.isEmpty ? [closing, .closed] : [closing] }
    return queue.isEmpty ? [closing] : [closing] + grow(for: queue.count)
  }

  private mutating func failAll(_ error: DatabaseError) -> [Action] {
    queue.removeAll().map { .fail($0, error) }
  }

  private var unavailable: DatabaseError { .unavailable(reason: lastFailure) }
  private static var closedError: DatabaseError { .unavailable(reason: "the database was closed") }

  /// Refuses what is new, fails what waits, and closes each connection as soon as nothing is under way on it.
  mutating func close() -> [Action] {
    guard !isClosed else { return [] }
    isClosed = true
    var actions = failAll(Self.closedError)
    for index in connections.indices { connections[index].isRetired = true }
    let idle = connections.filter { !$0.isReady || $0.isEmpty }
    connections.removeAll { !$0.isReady || $0.isEmpty }
    actions += idle.map { .close($0.id) }
    if connections.isEmpty { actions.append(.closed) }
    return actions
  }

  /// Closes what is left, whatever is under way on it.
  mutating func closeNow() -> [Action] {
    guard isClosed, !connections.isEmpty else { return [] }
    defer { connections.removeAll() }
    return connections.map { .close($0.id) } + [.closed]
  }
}
