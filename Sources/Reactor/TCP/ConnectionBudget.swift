internal import CLinux
internal import Glibc
internal import Synchronization

/// How many connections a process lets in, so that descriptors are left for those it opens itself: to databases, other services and logs.
///
/// When there are as many, the connections that have been idle longest make room for new ones. When none is idle the new one is closed at
/// once, so that its peer can go to another copy of the server instead of waiting in the kernel's queue. One budget is shared by the loops
/// of a group. Usable from any thread.
public final class ConnectionBudget: Sendable {
  /// Connections that may be open at a time.
  public let maximumConnections: Int

  private let open = Atomic<Int>(0)
  private let closedIdle = Atomic<UInt64>(0)
  private let refused = Atomic<UInt64>(0)
  private let exhaustions = Atomic<UInt64>(0)
  /// Given up for a moment to accept a connection when the process has no descriptor left.
  private let spare = Mutex<Int32>(cl_eventfd())
  private let reporting = Mutex(Reporting())

  private struct Reporting {
    var report: (@Sendable (ConnectionStatistics) -> Void)?
    var last: Instant?
  }

  /// The shortest time between two reports.
  static let reportInterval = Duration.seconds(10)

  public init(maximumConnections: Int) {
    self.maximumConnections = max(1, maximumConnections)
  }

  /// Takes the bound from the limit of open files (`RLIMIT_NOFILE`) as it is now.
  /// - Parameter reserve: descriptors kept for what the process opens itself, beside those that are open now; nil takes a quarter of the
  ///   limit, at least 32 and at most 1024.
  public convenience init(reserve: Int? = nil) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    self.init(
      maximumConnections: Self.maximumConnections(
        limit: Int(clamping: limit.rlim_cur), inUse: Int(cl_open_descriptors()), reserve: reserve))
  }

  deinit {
    spare.withLock { descriptor in
      if descriptor >= 0 { Glibc.close(descriptor) }
    }
  }

  /// What is left of `limit` descriptors beside those in use and the reserve; at least 1.
  static func maximumConnections(limit: Int, inUse: Int, reserve: Int?) -> Int {
    let reserve = max(0, reserve ?? min(1024, max(32, limit / 4)))
    let taken = max(0, inUse).addingReportingOverflow(reserve)
    return taken.overflow ? 1 : max(1, limit - taken.partialValue)
  }

  /// Has `report` called with the figures when connections were closed or refused for want of room: at once the first time, then at most
  /// every ten seconds. It is called on a loop, and must not block.
  public func onPressure(_ report: @escaping @Sendable (ConnectionStatistics) -> Void) {
    reporting.withLock { $0.report = report }
  }

  public func statistics() -> ConnectionStatistics {
    ConnectionStatistics(
      open: open.load(ordering: .relaxed), maximum: maximumConnections, closedIdle: closedIdle.load(ordering: .relaxed),
      refused: refused.load(ordering: .relaxed), exhaustions: exhaustions.load(ordering: .relaxed))
  }

  // MARK: - For listeners and connectors

  /// Counts one connection more; false when there is no room for it.
  func take() -> Bool {
    if open.wrappingAdd(1, ordering: .relaxed).newValue <= maximumConnections { return true }
    open.subtract(1, ordering: .relaxed)
    return false
  }

  func closed() { open.subtract(1, ordering: .relaxed) }

  func madeRoom(closing count: Int) {
    closedIdle.add(UInt64(count), ordering: .relaxed)
    reportPressure()
  }

  func refusedOne() {
    refused.add(1, ordering: .relaxed)
    reportPressure()
  }

  /// The process has no descriptor left, whatever the budget says.
  func descriptorsExhausted() {
    exhaustions.add(1, ordering: .relaxed)
    reportPressure()
  }

  /// Lets one connection in with the spare descriptor and closes it at once. False when that failed.
  func refuseWithSpare(_ listening: Int32) -> Bool {
    let isRefused = spare.withLock { spare in
      guard spare >= 0 else { return false }
      Glibc.close(spare)
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let accepted = cl_accept(listening, &storage, &length)
      if accepted >= 0 { Glibc.close(accepted) }
      spare = cl_eventfd()
      return accepted >= 0
    }
    if isRefused { refusedOne() }
    return isRefused
  }

  private func reportPressure() {
    let now = Instant.now()
    let report = reporting.withLock { state -> (@Sendable (ConnectionStatistics) -> Void)? in
      guard let report = state.report else { return nil }
      if let last = state.last, now < last.advanced(by: Self.reportInterval) { return nil }
      state.last = now
      return report
    }
    report?(statistics())
  }
}

/// Figures of a `ConnectionBudget`, for a log line and the metrics page.
public struct ConnectionStatistics: Hashable, Sendable {
  /// Connections that were let in and are open now.
  public var open: Int
  /// How many may be open.
  public var maximum: Int
  /// Idle connections closed to make room, since the start.
  public var closedIdle: UInt64
  /// New connections closed at once because no other was idle, since the start.
  public var refused: UInt64
  /// How often the process had no descriptor left, since the start.
  public var exhaustions: UInt64
}

extension ConnectionStatistics: CustomStringConvertible {
  public var description: String {
    "connections are short: \(open) of \(maximum) open, \(closedIdle) idle ones closed, \(refused) new ones refused, "
      + "\(exhaustions) times out of descriptors; raise the limit of open files (ulimit -n) or run more copies"
  }
}

/// The connections that one loop has let in under the budget. Loop-bound.
struct AcceptedConnections {
  private var all: [TCPConnection] = []

  var count: Int { all.count }

  mutating func insert(_ connection: TCPConnection) {
    connection.acceptedIndex = all.count
    all.append(connection)
  }

  mutating func remove(_ connection: TCPConnection) {
    let last = all.removeLast()
    guard last !== connection else { return }
    last.acceptedIndex = connection.acceptedIndex
    all[connection.acceptedIndex] = last
  }

  /// Most connections that are closed at a time. Finding the oldest means to look at each; taking several spreads that cost.
  static let mostClosed = 64

  /// Those that have been idle longest, oldest first: one in 64 of the idle ones, at least one if there is any.
  func oldestIdle() -> [TCPConnection] {
    var oldest = OldestFirst<TCPConnection>(capacity: Self.mostClosed)
    var idle = 0
    for connection in all {
      guard let since = connection.delegate?.idleSince(connection) else { continue }
      idle += 1
      oldest.offer(connection, since: since)
    }
    return Array(oldest.elements.prefix(max(1, idle / Self.mostClosed)))
  }
}

/// The oldest of those that were offered, oldest first.
struct OldestFirst<Element> {
  private let capacity: Int
  private var kept: [(since: Instant, element: Element)] = []

  init(capacity: Int) {
    self.capacity = capacity
  }

  var elements: [Element] { kept.map(\.element) }

  mutating func offer(_ element: Element, since: Instant) {
    if kept.count == capacity {
      guard let youngest = kept.last, since < youngest.since else { return }
      kept.removeLast()
    }
    var index = kept.count
    while index > 0, since < kept[index - 1].since { index -= 1 }
    kept.insert((since, element), at: index)
  }
}
