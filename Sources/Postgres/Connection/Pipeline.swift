internal import DequeModule

/// What the server said of a failed command.
struct PipelineFailure: Hashable, Sendable {
  let sqlState: String
  /// The constraint's, or the column's.
  let name: String
  /// The connection ends with this error: nothing after it was run.
  let isFatal: Bool
}

/// How a request ended.
struct PipelineEnding: Hashable, Sendable {
  var failure: PipelineFailure?
  /// A request to cancel was on its way while another request was the first on the connection: it may have hit this one.
  var mayBeHit = false
  /// Its statement was a `BEGIN`: nothing was committed, and what follows on the connection runs inside.
  var leftTransactionOpen = false
}

/// The requests under way on one connection, in the order of the server's answers, and what each answer means. Each request ends with a
/// Sync, so the failure of one leaves the next untouched (PostgreSQL manual, "Pipeline Mode"). Pure: it knows no socket and no libpq.
struct Pipeline<Request: Equatable> {
  /// What the server answers to, one answer each.
  enum Command: Hashable, Sendable {
    case prepare(PreparedStatements.Key)
    /// Its rows do not matter.
    case control
    case statement
    case commit
    /// The end of a request.
    case sync
  }

  enum Answer: Hashable, Sendable {
    case done(Tag)
    /// Not run: a command before it failed.
    case skipped
    case failed(PipelineFailure)
    case synced
    /// Something that nobody asked for.
    case unsupported
  }

  /// What a command did, as far as it matters here.
  enum Tag: Hashable, Sendable {
    case begin, rollback, other
  }

  enum Step {
    case nothing
    /// The rows of a statement of the first request.
    case keep
    case finished(Request, PipelineEnding)
    /// The connection is of no more use.
    case broken
  }

  /// What is known of a request that the connection was lost under.
  struct Unfinished {
    let request: Request
    let failure: PipelineFailure?
    /// The server said before that it ends the connection: nothing of it was committed.
    let isUndone: Bool
  }

  private struct Entry {
    let request: Request
    /// A transaction in one round trip, without a `BEGIN`.
    let isWholeTransaction: Bool
    var ending = PipelineEnding()
    var wantsCancel = false
    var cancelSent = false
    var isAbandoned = false
  }

  private var entries = Deque<Entry>()
  private var expected = Deque<Command>()
  /// What the connection has prepared.
  private(set) var prepared = PreparedStatements()
  /// A request to cancel is on its way: what it hits is not certain until it has been delivered.
  private(set) var isCancelling = false

  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }
  var first: Request? { entries.first?.request }
  /// Nobody waits for any of the requests under way.
  var isDeserted: Bool { !entries.isEmpty && entries.allSatisfy(\.isAbandoned) }

  // MARK: - Sending

  /// Adds a request behind the others. Its commands and its Sync follow.
  mutating func begin(_ request: Request, isWholeTransaction: Bool) {
    var entry = Entry(request: request, isWholeTransaction: isWholeTransaction)
    entry.ending.mayBeHit = isCancelling
    entries.append(entry)
  }

  mutating func expect(_ command: Command) {
    expected.append(command)
  }

  /// The name a statement is prepared under, and whether that has still to be done; then the command is expected.
  mutating func name(of key: PreparedStatements.Key) -> (name: String, isNew: Bool) {
    if let known = prepared.name(of: key) { return (known, false) }
    expected.append(.prepare(key))
    return (prepared.add(key), true)
  }

  // MARK: - Receiving

  mutating func received(_ answer: Answer) -> Step {
    guard !entries.isEmpty else { return .broken }
    if answer == .synced {
      while let command = expected.popFirst(), command != .sync {}
      let entry = entries.removeFirst()
      return .finished(entry.request, entry.ending)
    }
    if case .failed(let failure) = answer {
      failedFirst(failure)
      // The Sync commits. When that fails (a deferred constraint), its own answer still follows.
      if let command = expected.first, command != .sync {
        expected.removeFirst()
        forget(command)
      }
      return .nothing
    }
    guard answer != .unsupported, let command = expected.first, command != .sync else { return .broken }
    expected.removeFirst()
    if case .done(let tag) = answer { return done(command, tag) }
    forget(command)
    return .nothing
  }

  private mutating func done(_ command: Command, _ tag: Tag) -> Step {
    switch command {
    case .statement:
      if tag == .begin, entries[0].isWholeTransaction {
        entries[0].ending.leftTransactionOpen = true
        fail(SQLState.activeTransaction)
      }
      return .keep
    case .commit:
      // PostgreSQL ends a failed transaction with a success called ROLLBACK.
      if tag == .rollback { fail(SQLState.inFailedTransaction) }
      return .nothing
    case .prepare, .control, .sync: return .nothing
    }
  }

  private mutating func fail(_ sqlState: String) {
    guard entries[0].ending.failure == nil else { return }
    entries[0].ending.failure = PipelineFailure(sqlState: sqlState, name: "", isFatal: false)
  }

  /// The server did not prepare it after all.
  private mutating func forget(_ command: Command) {
    if case .prepare(let key) = command { prepared.forget(key) }
  }

  /// Takes an error that answers no command: the last words of a server that ends the connection, for one.
  mutating func failedFirst(_ failure: PipelineFailure) {
    guard !entries.isEmpty else { return }
    // The first error counts, since what follows is its consequence; unless the server ends the connection.
    if entries[0].ending.failure == nil || failure.isFatal { entries[0].ending.failure = failure }
  }

  /// Takes out everything: the connection was lost.
  mutating func lost() -> [Unfinished] {
    // The server works in order: once it has said that it ends the connection at the first request, none of them was committed.
    let isUndone = entries.first?.ending.failure?.isFatal ?? false
    defer {
      entries.removeAll()
      expected.removeAll()
    }
    return entries.map { Unfinished(request: $0.request, failure: $0.ending.failure, isUndone: isUndone) }
  }

  // MARK: - Cancelling

  /// The request's caller wants it to end.
  /// - Returns: whether a request to cancel is to be sent now. One for a request that is not the first waits for its turn.
  mutating func wantsCancel(_ request: Request) -> Bool {
    guard let index = entries.firstIndex(where: { $0.request == request }) else { return false }
    entries[index].wantsCancel = true
    return takeCancel()
  }

  /// The request to cancel was delivered.
  mutating func cancelDelivered() {
    isCancelling = false
  }

  /// Whether a request to cancel is to be sent now: to be asked again when a request has finished and when one was delivered.
  mutating func takeCancel() -> Bool {
    guard !isCancelling, let first = entries.first, first.wantsCancel, !first.cancelSent else { return false }
    isCancelling = true
    entries[0].cancelSent = true
    // By the time it arrives the server may be busy with the next one.
    for index in entries.indices.dropFirst() { entries[index].ending.mayBeHit = true }
    return true
  }

  /// The request's caller has been answered.
  mutating func abandon(_ request: Request) {
    guard let index = entries.firstIndex(where: { $0.request == request }) else { return }
    entries[index].isAbandoned = true
  }
}
