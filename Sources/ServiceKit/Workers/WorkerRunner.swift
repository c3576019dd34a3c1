internal import Logging
internal import Postgres
internal import Reactor
internal import Synchronization

/// Runs the workers of a process, from the moment it serves until it drains.
final class WorkerRunner: Sendable {
  private let workers: [Worker]
  private let stopping = Stopping()
  private let tasks: [Task<Void, Never>]

  private final class Stopping: Sendable {
    let flag = Atomic<Bool>(false)
  }

  init(_ workers: [Worker], of service: String, _ context: ServiceContext) {
    self.workers = workers
    tasks = workers.map { [stopping] worker in
      let measures = WorkerMeasures(worker.name, context.metrics)
      let lease = WorkerLease(database: context.database, name: "\(service) \(worker.name)")
      return Task {
        var pace = WorkerPace(interval: worker.interval)
        while !stopping.flag.load(ordering: .acquiring) {
          let start = Instant.now()
          let event = await Self.turn(worker, lease, context.logger)
          measures.record(event, start.duration(to: .now()))
          await worker.wake.wait(for: pace.wait(after: event, chance: .random(in: 0...1)))
        }
      }
    }
  }

  private static func turn(_ worker: Worker, _ lease: WorkerLease, _ logger: Logger) async -> WorkerPace.Event {
    do {
      return try await lease.run(worker.turn).map { .finished($0) } ?? .elsewhere
    } catch {
      // Of a stranger's error only the type: what it carries may be personal.
      let text = (error as? DatabaseError)?.description ?? String(reflecting: type(of: error))
      logger.error("a worker's turn failed", metadata: ["worker": "\(worker.name)", "reason": "\(text)"])
      return .failed
    }
  }

  /// Begins no further turn, cancels those under way that take longer than `limit`, and returns when all have ended.
  func stop(within limit: Duration) async {
    stopping.flag.store(true, ordering: .releasing)
    for worker in workers { worker.wake.wake() }
    let limiter = Task { [tasks] in
      try await Task.sleep(for: limit)
      for task in tasks { task.cancel() }
    }
    for task in tasks { await task.value }
    limiter.cancel()
  }
}

/// Lets one process at a time have a worker's turn: an advisory lock that PostgreSQL lets go of when the connection ends, however the
/// process ended. It saves work; that nothing is done twice is the turn's own affair.
struct WorkerLease: Sendable {
  /// A turn is bounded by its worker; this only ends a lease that nobody would end.
  private static let longestTurn: Duration = .seconds(600)

  let database: Database
  let name: String

  /// - Returns: nil when another process has the turn.
  func run(_ turn: () async throws -> Worker.Turn) async throws -> Worker.Turn? {
    try await database.unscoped(deadline: .after(Self.longestTurn)) { transaction in
      let isMine = try await transaction.query(
        Statement("SELECT pg_try_advisory_xact_lock(hashtextextended('worker ' || $1, 0))", name)
      ) { try $0.one()[0, as: Bool.self] }
      return isMine ? try await turn() : nil
    }
  }
}

/// What is counted of one worker.
private struct WorkerMeasures: Sendable {
  private let worked: Counter
  private let idle: Counter
  private let failed: Counter
  private let elsewhere: Counter
  private let duration: LatencyHistogram

  init(_ name: String, _ registry: MetricsRegistry) {
    func counter(_ outcome: String) -> Counter {
      registry.counter(
        "cloudbill_worker_turns_total", "Turns of workers that have ended.", [("worker", name), ("outcome", outcome)])
    }
    worked = counter("worked")
    idle = counter("idle")
    failed = counter("failed")
    elsewhere = counter("elsewhere")
    duration = registry.histogram(
      "cloudbill_worker_turn_duration_seconds", "Time that turns of workers took.", [("worker", name)])
  }

  func record(_ event: WorkerPace.Event, _ duration: Duration) {
    switch event {
    case .finished(.didWork): worked.add()
    case .finished(.idle): idle.add()
    case .failed: failed.add()
    case .elsewhere: elsewhere.add()
    }
    self.duration.record(duration.nanosecondsSaturated)
  }
}
