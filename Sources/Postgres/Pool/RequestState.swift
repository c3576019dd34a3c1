internal import Reactor

/// Where one request stands, and what is to be done about it. Pure: it is told what happens and when, and answers with a step.
struct RequestState {
  enum Role: Hashable, Sendable {
    /// A whole transaction in one round trip: it may be run again when it was undone.
    case transaction
    /// A connection for the caller alone.
    case connection
    /// Statements inside a transaction that stays open.
    case statements
    case commit
    case rollback
  }

  enum Phase: Hashable, Sendable {
    case created
    /// In the pool's queue.
    case waiting
    /// Lost a race, and lets the winner end first.
    case pausing(until: Instant)
    /// On a connection.
    case sent(Patience)
    /// On a connection; its caller has been answered.
    case abandoned
    case ended
  }

  /// What the server is given time for.
  enum Patience: Hashable, Sendable {
    /// Its work.
    case work
    /// Ending the statement by its own `statement_timeout`.
    case ownTimeout
    /// Obeying a request to cancel.
    case cancel
  }

  enum Interruption: Hashable, Sendable {
    case timeout, cancelled

    var error: DatabaseError { self == .timeout ? .timeout : .cancelled }
  }

  enum Step: Hashable, Sendable {
    case nothing
    /// Hand it to the pool, or send it on its connection.
    case place
    /// Hand it to the pool again, before those who wait.
    case placeFirst
    /// The same; the connection it comes from takes no more requests.
    case placeFirstElsewhere
    /// Tell the state `timerFired` then.
    case wait(until: Instant)
    /// Answer the caller with its rows.
    case succeed
    case fail(DatabaseError)
    /// The same; the connection takes no more requests.
    case failAndRetire(DatabaseError)
    /// Take it out of the queue and answer the caller.
    case leave(DatabaseError)
    /// Ask the server to stop it, and wait.
    case cancel(until: Instant)
    /// Answer the caller, although the server has not answered.
    case abandon(DatabaseError)
  }

  let role: Role
  let deadline: Deadline
  private(set) var phase = Phase.created
  /// Why the caller wants it to end; what the server answers then still decides.
  private(set) var interruption: Interruption?
  private var lostRaces = 0
  private var reruns = 0
  private var sentAt = Instant(nanoseconds: 0)

  /// How long after the deadline the server's own `statement_timeout` is waited for.
  static let timeoutGrace = Duration.milliseconds(100)
  /// How long the server may take to obey a request to cancel, and to roll back after the deadline.
  static let cancelGrace = Duration.seconds(2)
  /// How often a transaction is run again because a request to cancel hit the wrong one, or its plan was stale.
  static let maximumReruns = 3

  init(_ role: Role, deadline: Deadline) {
    self.role = role
    self.deadline = deadline
  }

  /// Whether losing the connection leaves open what has happened.
  var commits: Bool { role == .transaction || role == .commit }

  /// When the first timer is due; nil for never. A rollback has its grace even after the deadline: nobody waits for its result, and the
  /// connection can be used again.
  func firstTimer(now: Instant) -> Instant? {
    guard deadline != .never else { return nil }
    return role == .rollback ? max(deadline.instant, now.advanced(by: Self.cancelGrace)) : deadline.instant
  }

  // MARK: - Its way

  mutating func begin(now: Instant) -> Step {
    if let interruption { return end(.fail(interruption.error)) }
    guard role == .rollback || deadline == .never || deadline.instant > now else { return end(.fail(.timeout)) }
    return .place
  }

  mutating func queued() {
    phase = .waiting
  }

  mutating func sent(now: Instant) {
    phase = .sent(.work)
    sentAt = now
  }

  /// It has its connection.
  mutating func lent() {
    phase = .ended
  }

  /// It was given to a connection that turned out to be lost before anything was sent.
  mutating func returned() -> Step {
    guard case .sent = phase else { return .nothing }
    switch role {
    case .transaction, .connection:
      phase = .created
      return .placeFirst
    case .statements, .commit, .rollback:
      return end(.fail(.unavailable(reason: "the transaction's connection was lost")))
    }
  }

  mutating func refused(_ error: DatabaseError) -> Step {
    end(.fail(error))
  }

  // MARK: - Deadline and cancellation

  /// The calling task was cancelled.
  mutating func cancelled(now: Instant) -> Step {
    switch phase {
    case .created:
      interruption = interruption ?? .cancelled
      return .nothing
    case .waiting, .pausing: return end(.leave(.cancelled))
    case .sent(.cancel), .abandoned, .ended: return .nothing
    case .sent(.work), .sent(.ownTimeout): return askToCancel(.cancelled, now: now)
    }
  }

  mutating func timerFired(now: Instant) -> Step {
    switch phase {
    case .created, .abandoned, .ended: return .nothing
    case .waiting: return end(.leave(.timeout))
    case .pausing:
      guard !hasPassed(now) else { return end(.leave(.timeout)) }
      phase = .created
      return .place
    case .sent(.work) where role == .rollback: return giveUp()
    case .sent(.work):
      // The server has been told the same deadline and usually ends the statement by itself.
      phase = .sent(.ownTimeout)
      return .wait(until: now.advanced(by: Self.timeoutGrace))
    case .sent(.ownTimeout): return askToCancel(.timeout, now: now)
    case .sent(.cancel): return giveUp()
    }
  }

  private mutating func askToCancel(_ reason: Interruption, now: Instant) -> Step {
    interruption = reason
    phase = .sent(.cancel)
    return .cancel(until: now.advanced(by: Self.cancelGrace))
  }

  /// The server does not even answer the request to cancel.
  private mutating func giveUp() -> Step {
    phase = .abandoned
    return .abandon(commits ? .commitUnknown : interruption?.error ?? .timeout)
  }

  private func hasPassed(_ now: Instant) -> Bool { deadline != .never && deadline.instant <= now }

  private mutating func end(_ step: Step) -> Step {
    phase = .ended
    return step
  }

  // MARK: - The server's answer

  /// What a request may do again, and how the server limits it.
  struct Rules {
    var serializationAttempts: Int
    var statementTimeout: Duration
  }

  /// - Parameter chance: 0 ..< 1.
  mutating func finished(_ ending: PipelineEnding, rules: Rules, now: Instant, chance: Double) -> Step {
    guard phase != .abandoned else { return end(.nothing) }
    guard let failure = ending.failure else { return end(.succeed) }
    let code = failure.sqlState
    if code == SQLState.queryCanceled {
      if let interruption { return end(.fail(interruption.error)) }
      // The whole transaction was rolled back: running it again is safe.
      if role == .transaction, ending.mayBeHit, reruns < Self.maximumReruns { return again(.placeFirst) }
      guard hasPassed(now) || sentAt.duration(to: now) >= rules.statementTimeout else {
        return end(.fail(.unavailable(reason: "the statement was cancelled on the server (SQLSTATE \(code))")))
      }
      return end(.fail(.timeout))
    }
    let error = SQLState.error(code, name: failure.name)
    // Another connection may lead to another server.
    if code == SQLState.readOnlyTransaction { return end(.failAndRetire(error)) }
    guard role == .transaction, interruption == nil else { return end(.fail(error)) }
    if SQLState.isStale(code), reruns == 0 {
      // The schema changed or somebody deallocated the name: a new connection knows nothing old.
      return again(.placeFirstElsewhere)
    }
    if SQLState.isSerialization(code), lostRaces + 1 < rules.serializationAttempts {
      lostRaces += 1
      let until = now.advanced(by: RacePause.after(lostRaces, chance: chance))
      phase = .pausing(until: until)
      return .wait(until: deadline == .never ? until : min(until, deadline.instant))
    }
    return end(.fail(error))
  }

  private mutating func again(_ step: Step) -> Step {
    reruns += 1
    phase = .created
    return step
  }

  /// The connection was lost while it was under way.
  /// - Parameters:
  ///   - failure: what the server had said of it.
  ///   - isUndone: nothing of it was committed, as the server said before it ended the connection.
  mutating func lost(_ failure: PipelineFailure?, isUndone: Bool) -> Step {
    guard phase != .abandoned else { return end(.nothing) }
    if let failure { return end(.fail(SQLState.error(failure.sqlState, name: failure.name))) }
    if isUndone || !commits { return end(.fail(.unavailable(reason: "the connection was lost before the commit"))) }
    return end(.fail(.commitUnknown))
  }
}

/// The pause before a transaction that lost a race runs again: long enough for the winner to end, different for each loser.
enum RacePause {
  /// - Parameters:
  ///   - losses: how often it has lost, from 1.
  ///   - chance: 0 ..< 1.
  static func after(_ losses: Int, chance: Double) -> Duration {
    .microseconds(Int64(500 + 1_500 * chance) << min(losses, 6))
  }
}
