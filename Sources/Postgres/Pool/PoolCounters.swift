internal import Synchronization

/// What a pool is doing, written by its loop and read from anywhere.
final class PoolCounters: Sendable {
  let connections = Counter()
  let waiting = Counter()
  let leases = Counter()
  let transactions = Counter()
  let retries = Counter()
  let cancels = Counter()
  let connectFailures = Counter()
  let connectionsLost = Counter()
}

/// A number one thread writes and any reads.
final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  /// Only the loop writes, so a plain load and store suffice.
  func add(_ change: Int) { value.store(value.load(ordering: .relaxed) + change, ordering: .relaxed) }
  func store(_ new: Int) { value.store(new, ordering: .relaxed) }
  func load() -> Int { value.load(ordering: .relaxed) }
}

/// A database's pools, added up: for `/metrics`.
public struct DatabaseStatistics: Sendable, Hashable {
  /// Connections open or being opened, now.
  public var connections = 0
  /// Calls that wait for a connection, now.
  public var waiting = 0
  /// Interactive transactions that hold a connection, now.
  public var leases = 0
  /// Round trips finished, since the start.
  public var roundTrips = 0
  /// Statements and transactions run again because they lost a race, since the start.
  public var retries = 0
  /// Requests to cancel sent, since the start.
  public var cancels = 0
  /// Attempts to connect that failed, since the start.
  public var connectFailures = 0
  /// Connections that ended by themselves, since the start.
  public var connectionsLost = 0

  public init() {}

  mutating func add(_ counters: PoolCounters) {
    connections += counters.connections.load()
    waiting += counters.waiting.load()
    leases += counters.leases.load()
    roundTrips += counters.transactions.load()
    retries += counters.retries.load()
    cancels += counters.cancels.load()
    connectFailures += counters.connectFailures.load()
    connectionsLost += counters.connectionsLost.load()
  }
}
