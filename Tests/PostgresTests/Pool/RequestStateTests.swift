import Reactor
import Testing

@testable import Postgres

@Suite("The state of a request")
struct RequestStateTests {
  static let start = Instant(nanoseconds: 1_000_000_000)
  static let rules = RequestState.Rules(serializationAttempts: 3, statementTimeout: .seconds(30))

  static func after(_ duration: Duration) -> Instant { start.advanced(by: duration) }
  static func failed(_ code: String, mayBeHit: Bool = false) -> PipelineEnding {
    PipelineEnding(failure: PipelineFailure(sqlState: code, name: "n", isFatal: false), mayBeHit: mayBeHit)
  }

  /// Sent at `start`, with a deadline a minute later.
  static func sent(_ role: RequestState.Role, deadline: Duration? = .seconds(60)) -> RequestState {
    var state = RequestState(role, deadline: deadline.map { Deadline(after($0)) } ?? .never)
    _ = state.begin(now: start)
    state.sent(now: start)
    return state
  }

  @Test(
    "a deadline that has passed sends nothing, save for a rollback",
    arguments: [
      (RequestState.Role.transaction, RequestState.Step.fail(.timeout)), (.connection, .fail(.timeout)),
      (.statements, .fail(.timeout)),
      (.commit, .fail(.timeout)), (.rollback, .place),
    ])
  func begin(role: RequestState.Role, expected: RequestState.Step) {
    var late = RequestState(role, deadline: Deadline(Self.start))
    let step = late.begin(now: Self.start)
    #expect(step == expected)
    var early = RequestState(role, deadline: Deadline(Self.after(.seconds(1))))
    let other = early.begin(now: Self.start)
    #expect(other == .place)
  }

  @Test(
    "no time-out of its own comes before the deadline, whatever the role",
    arguments: [
      RequestState.Role.transaction, .connection, .statements, .commit, .rollback,
    ])
  func deadlineDecides(role: RequestState.Role) {
    for deadline in [Duration.seconds(3), .seconds(60), .seconds(86_400)] {
      let state = RequestState(role, deadline: Deadline(Self.after(deadline)))
      #expect(state.firstTimer(now: Self.start) == Self.after(deadline))
    }
    #expect(RequestState(role, deadline: .never).firstTimer(now: Self.start) == nil)
  }

  @Test("a rollback after the deadline still has its grace, so that the connection can be used again")
  func rollbackGrace() {
    let state = RequestState(.rollback, deadline: Deadline(Self.after(.milliseconds(10))))
    #expect(state.firstTimer(now: Self.start) == Self.after(RequestState.cancelGrace))
    var sent = Self.sent(.rollback)
    let step = sent.timerFired(now: Self.after(.seconds(60)))
    #expect(step == .abandon(.timeout))
  }

  @Test(
    "a silent server: its own time-out, a request to cancel, then the caller is answered",
    arguments: [
      (RequestState.Role.transaction, DatabaseError.commitUnknown), (.commit, .commitUnknown), (.statements, .timeout),
    ])
  func silentServer(role: RequestState.Role, expected: DatabaseError) {
    var state = Self.sent(role)
    let deadline = Self.after(.seconds(60))
    let first = state.timerFired(now: deadline)
    #expect(first == .wait(until: deadline.advanced(by: RequestState.timeoutGrace)))
    let second = state.timerFired(now: deadline)
    #expect(second == .cancel(until: deadline.advanced(by: RequestState.cancelGrace)))
    let third = state.timerFired(now: deadline)
    #expect(third == .abandon(expected))
    let late = state.finished(PipelineEnding(), rules: Self.rules, now: deadline, chance: 0)
    #expect(late == .nothing, "its caller has been answered")
  }

  @Test("whoever waits leaves the queue when its deadline passes or its task is cancelled", arguments: [true, false])
  func waiting(isCancelled: Bool) {
    var state = RequestState(.transaction, deadline: Deadline(Self.after(.seconds(1))))
    _ = state.begin(now: Self.start)
    state.queued()
    let step = isCancelled ? state.cancelled(now: Self.start) : state.timerFired(now: Self.after(.seconds(1)))
    #expect(step == .leave(isCancelled ? .cancelled : .timeout))
    let again = state.cancelled(now: Self.start)
    #expect(again == .nothing)
  }

  @Test(
    "a cancelled request asks the server once, and what the server answers decides",
    arguments: [
      (nil, RequestState.Step.succeed), ("57014", .fail(.cancelled)),
      ("23505", .fail(.constraint(kind: .unique, name: "n"))),
      ("40001", .fail(.serialization)),
    ] as [(String?, RequestState.Step)])
  func cancelled(code: String?, expected: RequestState.Step) {
    var state = Self.sent(.transaction)
    let first = state.cancelled(now: Self.start)
    #expect(first == .cancel(until: Self.after(RequestState.cancelGrace)))
    let second = state.cancelled(now: Self.start)
    #expect(second == .nothing)
    let ending = code.map { Self.failed($0) } ?? PipelineEnding()
    let step = state.finished(ending, rules: Self.rules, now: Self.start, chance: 0)
    #expect(step == expected)
  }

  @Test("cancelled before it was begun, nothing is sent")
  func cancelledBefore() {
    var state = RequestState(.transaction, deadline: .never)
    _ = state.cancelled(now: Self.start)
    let step = state.begin(now: Self.start)
    #expect(step == .fail(.cancelled))
  }

  @Test(
    "a statement that the server cancelled: by our time-out, or by somebody else",
    arguments: [
      (Duration.seconds(60), Duration.seconds(60), RequestState.Step.fail(.timeout)),
      (.seconds(60), .seconds(30), .fail(.timeout)),
      (
        .seconds(60), .seconds(5),
        .fail(.unavailable(reason: "the statement was cancelled on the server (SQLSTATE 57014)"))
      ),
      (.seconds(4), .seconds(4), .fail(.timeout)),
    ])
  func cancelledByServer(deadline: Duration, at moment: Duration, expected: RequestState.Step) {
    for role in [RequestState.Role.transaction, .statements] {
      var state = Self.sent(role, deadline: deadline)
      let step = state.finished(Self.failed("57014"), rules: Self.rules, now: Self.after(moment), chance: 0)
      #expect(step == expected)
    }
  }

  @Test("hit by the request to cancel another one, it is run again, a bounded number of times")
  func hit() {
    var state = Self.sent(.transaction)
    for _ in 0..<RequestState.maximumReruns {
      let step = state.finished(Self.failed("57014", mayBeHit: true), rules: Self.rules, now: Self.start, chance: 0)
      #expect(step == .placeFirst)
      state.sent(now: Self.start)
    }
    let last = state.finished(Self.failed("57014", mayBeHit: true), rules: Self.rules, now: Self.start, chance: 0)
    #expect(last != .placeFirst)
  }

  @Test("a stale plan is tried once more, on another connection", arguments: ["26000", "0A000"])
  func stale(code: String) {
    var state = Self.sent(.transaction)
    let first = state.finished(Self.failed(code), rules: Self.rules, now: Self.start, chance: 0)
    #expect(first == .placeFirstElsewhere)
    state.sent(now: Self.start)
    let second = state.finished(Self.failed(code), rules: Self.rules, now: Self.start, chance: 0)
    #expect(second == .fail(.server(sqlState: code)))
  }

  @Test(
    "a lost race is run again after a pause, as often as allowed and not past the deadline",
    arguments: ["40001", "40P01"])
  func races(code: String) {
    var state = Self.sent(.transaction, deadline: .milliseconds(1))
    let pause = state.finished(Self.failed(code), rules: Self.rules, now: Self.start, chance: 0.9)
    #expect(pause == .wait(until: Self.after(.milliseconds(1))), "the deadline is nearer than the pause")
    let ended = state.timerFired(now: Self.after(.milliseconds(1)))
    #expect(ended == .leave(.timeout))

    state = Self.sent(.transaction)
    for loss in 1..<Self.rules.serializationAttempts {
      let step = state.finished(Self.failed(code), rules: Self.rules, now: Self.start, chance: 0.5)
      #expect(step == .wait(until: Self.after(RacePause.after(loss, chance: 0.5))))
      let place = state.timerFired(now: Self.after(.seconds(1)))
      #expect(place == .place)
      state.sent(now: Self.start)
    }
    let last = state.finished(Self.failed(code), rules: Self.rules, now: Self.start, chance: 0.5)
    #expect(last == .fail(.serialization))
  }

  @Test(
    "parts of an open transaction are never run again by themselves",
    arguments: ["40001", "40P01", "26000", "0A000", "57014"])
  func interactive(code: String) {
    for role in [RequestState.Role.statements, .commit, .rollback] {
      var state = Self.sent(role)
      let step = state.finished(Self.failed(code, mayBeHit: true), rules: Self.rules, now: Self.start, chance: 0)
      switch step {
      case .fail: break
      default: Issue.record("\(role): \(step)")
      }
    }
  }

  @Test("a server that only reads: the connection is given up, since another may lead to another server")
  func readOnly() {
    for role in [RequestState.Role.transaction, .statements] {
      var state = Self.sent(role)
      let step = state.finished(Self.failed("25006"), rules: Self.rules, now: Self.start, chance: 0)
      #expect(step == .failAndRetire(.unavailable(reason: "the server only reads at the moment (SQLSTATE 25006)")))
    }
  }

  @Test(
    "a lost connection leaves open what was being committed, and nothing else",
    arguments: [
      (RequestState.Role.transaction, false, true), (.commit, false, true), (.statements, false, false),
      (.rollback, false, false),
      (.transaction, true, false), (.commit, true, false),
    ])
  func lost(role: RequestState.Role, isUndone: Bool, isUnknown: Bool) {
    var state = Self.sent(role)
    let step = state.lost(nil, isUndone: isUndone)
    let expected: DatabaseError =
      isUnknown ? .commitUnknown : .unavailable(reason: "the connection was lost before the commit")
    #expect(step == .fail(expected))
    var told = Self.sent(role)
    let failure = PipelineFailure(sqlState: "53100", name: "", isFatal: true)
    let other = told.lost(failure, isUndone: isUndone)
    #expect(other == .fail(SQLState.error("53100", name: "")))
  }

  @Test(
    "a connection lost before sending: a new one for what may go anywhere, an error for part of a transaction",
    arguments: [
      (RequestState.Role.transaction, true), (.connection, true), (.statements, false), (.commit, false),
      (.rollback, false),
    ])
  func returned(role: RequestState.Role, isPlaced: Bool) {
    var state = Self.sent(role)
    let step = state.returned()
    #expect(step == (isPlaced ? .placeFirst : .fail(.unavailable(reason: "the transaction's connection was lost"))))
  }
}
