internal import Logging
public import Postgres
internal import Reactor

/// Delivers what the changes of a service wrote to its outbox.
public struct Outbox: Sendable {
  /// Messages looked at in one turn.
  private static let mostInTurn: Int32 = 100
  /// How long one delivery may take, the statements around it included.
  private static let patience: Duration = .seconds(30)
  static let longestError = 500

  private let database: Database
  private let tables: ServiceTables
  private let clock: WallClock
  private let logger: Logger
  private let delivered: Counter
  private let failed: Counter
  private let setAside: Counter

  init(_ context: ServiceContext) {
    database = context.database
    tables = context.changes.tables
    clock = context.clock
    logger = context.logger
    func counter(_ outcome: String) -> Counter {
      context.metrics.counter(
        "cloudbill_outbox_deliveries_total", "Attempts to deliver messages of the outbox.", [("outcome", outcome)])
    }
    delivered = counter("delivered")
    failed = counter("failed")
    setAside = counter("set_aside")
  }

  /// The worker that delivers. A message whose delivery throws is tried again later, and set aside after 12 attempts: then an operator
  /// looks at it, and the later messages about its object wait.
  /// - Parameter deliver: tells whoever is to be told; called again for a message when the process was killed in between.
  public static func worker(
    _ context: ServiceContext, deliver: @escaping @Sendable (OutboxDelivery) async throws -> Void
  ) -> Worker {
    let outbox = Outbox(context)
    return Worker(name: "outbox", wake: context.changes.written) { try await outbox.turn(deliver) }
  }

  private func turn(_ deliver: @Sendable (OutboxDelivery) async throws -> Void) async throws -> Worker.Turn {
    let due = try await database.unscoped(
      deadline: .after(Self.patience), tables.dueMessages(at: clock.now, most: Self.mostInTurn)
    ) { rows in
      try rows.map { (tenant: try $0[0, as: UUID.self], number: try $0[1, as: Int64.self]) }
    }
    for (tenant, number) in due {
      guard !Task.isCancelled else { break }
      try await database.tenant(tenant, deadline: .after(Self.patience)) { transaction in
        try await self.deliver(number, TenantID(tenant), transaction, deliver)
      }
    }
    return due.isEmpty ? .idle : .didWork
  }

  /// Holds the row while the message is on its way: nobody else delivers it, and a process that is killed lets go of it.
  private func deliver(
    _ number: Int64, _ tenant: TenantID, _ transaction: Transaction,
    _ deliver: @Sendable (OutboxDelivery) async throws -> Void
  ) async throws {
    guard let row = try await transaction.query(tables.lockMessage(number)).only() else { return }
    let delivery = OutboxDelivery(
      source: tables.schema.description, number: number,
      message: OutboxMessage(
        try row[0, as: String.self], object: try row[1, as: String.self], payload: try row[2, as: [UInt8].self]),
      tenant: tenant, subject: try row[3, as: String.self], onBehalfOf: try row[4, as: String.self],
      requestID: try row[5, as: String.self], attempts: Int(try row[6, as: Int32.self]))
    do {
      try await deliver(delivery)
    } catch {
      try await note(error, delivery, transaction)
      return
    }
    try await transaction.execute(tables.deleteMessage(number))
    delivered.add()
  }

  private func note(_ error: any Error, _ delivery: OutboxDelivery, _ transaction: Transaction) async throws {
    let delay = OutboxPace.delay(after: delivery.attempts + 1)
    let now = clock.now
    // Of a stranger's error only the type: what it carries may be personal.
    let reason = (error as? DatabaseError)?.description ?? String(reflecting: type(of: error))
    try await transaction.execute(
      tables.failMessage(
        delivery.number, dueAt: now.advanced(by: delay ?? .zero), setAsideAt: delay == nil ? now : nil,
        error: reason.bounded(toByteCount: Self.longestError)))
    (delay == nil ? setAside : failed).add()
    logger.warning(
      delay == nil ? "a message was set aside" : "a message could not be delivered",
      metadata: [
        "topic": "\(delivery.message.topic)", "number": "\(delivery.number)", "tenant": "\(delivery.tenant)",
        "reason": "\(reason)",
      ])
  }
}

/// What lets a second delivery of a message have no effect.
public struct Inbox: Sendable {
  private let tables: ServiceTables

  public init(_ tables: ServiceTables) { self.tables = tables }

  /// Notes the message, in the transaction of its effect.
  /// - Returns: false when it has had its effect already.
  public func accept(
    _ number: Int64, from source: String, at now: WallTime, tenant: TenantID, _ transaction: Transaction
  ) async throws(DatabaseError) -> Bool {
    try await transaction.execute(tables.accept(number, from: source, at: now, tenant)) > 0
  }
}
