import Reactor
import Testing

@testable import Postgres

/// Random sequences of events over the pool's three pure values together, performed as `ConnectionPool` performs them, with a server that
/// answers, fails, falls silent and dies at random.
@Suite("The pool under random events")
struct PoolSimulationTests {
  @Test("no request is lost or answered twice, and every bound holds", arguments: 1...200)
  func invariants(seed: UInt64) {
    var simulation = Simulation(seed)
    for _ in 0..<600 {
      simulation.step()
      simulation.check()
      guard simulation.faults.isEmpty else { break }
    }
    simulation.drain()
    #expect(simulation.faults == [], "seed \(seed)")
  }
}

private struct Simulation {
  private typealias State = PoolState<NumberedRequest>
  private static let limits = State.Limits(connections: 3, waiting: 5, depth: 3)
  private static let rules = RequestState.Rules(serializationAttempts: 3, statementTimeout: .seconds(30))

  private struct Line {
    var pipeline = Pipeline<Int>()
    var isReady = false
    /// Who has the connection for himself.
    var lentTo: Int?
    /// What is under way for him.
    var statement: Int?
  }

  private var random: SeededRandom
  private var now = Instant(nanoseconds: 0)
  private var pool = State(limits: limits)
  private var requests: [Int: RequestState] = [:]
  private var timers: [Int: Instant] = [:]
  private var places: [Int: Int] = [:]
  private var lines: [Int: Line] = [:]
  private var answers: [Int: Int] = [:]
  private var isRetryWanted = false
  private var closedCount = 0
  private var lastRequest = 0
  private var isServerDown = false
  private(set) var faults: [String] = []

  init(_ seed: UInt64) {
    random = SeededRandom(seed)
  }

  // MARK: - Events

  mutating func step() {
    switch random.below(16) {
    case 0...3: begin(.transaction)
    case 4: begin(.connection)
    case 5: now = now.advanced(by: .milliseconds(random.below(40)))
    case 6: fireTimers()
    case 7...9: answerOne(mayFail: true)
    case 10: connectOne()
    case 11: dieOne()
    case 12: cancelOne()
    case 13: deliverOne()
    case 14: useLent()
    default:
      isServerDown = random.below(4) == 0
      retry()
    }
  }

  private mutating func begin(_ role: RequestState.Role) {
    lastRequest += 2
    let number = role == .transaction ? lastRequest : lastRequest + 1
    let deadline = random.below(3) == 0 ? Deadline.never : Deadline(now.advanced(by: .milliseconds(random.below(500))))
    begin(number, role, deadline)
  }

  private mutating func begin(_ number: Int, _ role: RequestState.Role, _ deadline: Deadline) {
    var state = RequestState(role, deadline: deadline)
    answers[number] = 0
    let step = state.begin(now: now)
    timers[number] = step == .place ? state.firstTimer(now: now) : nil
    requests[number] = state
    perform(step, number)
  }

  private mutating func fireTimers() {
    for (number, moment) in timers.sorted(by: { $0.key < $1.key }) where moment <= now {
      guard timers.removeValue(forKey: number) != nil else { continue }
      guard let step = requests[number]?.timerFired(now: now) else { continue }
      perform(step, number)
    }
  }

  private mutating func oneLine(where condition: (Line) -> Bool) -> Int? {
    let fitting = lines.filter { condition($0.value) }.keys.sorted()
    return fitting.isEmpty ? nil : fitting[random.below(fitting.count)]
  }

  private mutating func answerOne(mayFail: Bool) {
    guard let id = oneLine(where: { $0.isReady && !$0.pipeline.isEmpty }) else { return }
    let codes = ["40001", "57014", "23505", "26000", "25006"]
    if mayFail, random.below(3) == 0 {
      receive(.failed(PipelineFailure(sqlState: codes[random.below(codes.count)], name: "", isFatal: false)), id)
    } else {
      receive(.done(.other), id)
    }
    receive(.synced, id)
  }

  private mutating func receive(_ answer: Pipeline<Int>.Answer, _ id: Int) {
    guard lines[id] != nil, let step = lines[id]?.pipeline.received(answer) else { return }
    switch step {
    case .nothing, .keep: break
    case .broken: lose(id)
    case .finished(let number, let ending):
      if lines[id]?.pipeline.takeCancel() ?? false { pool.cancelBegan(id) }
      if lines[id]?.statement == number { lines[id]?.statement = nil }
      let chance = Double(random.below(1_000)) / 1_000
      let next = requests[number]?.finished(ending, rules: Self.rules, now: now, chance: chance) ?? .nothing
      perform(next, number, on: id)
      if lines[id]?.lentTo == nil { perform(pool.finished(id, now: now)) }
      if lines[id]?.pipeline.isDeserted ?? false { lose(id) }
    }
  }

  private mutating func connectOne() {
    guard let id = oneLine(where: { !$0.isReady }) else { return }
    if isServerDown {
      lines[id] = nil
      perform(pool.connectFailed(id, reason: "refused", chance: 0.5))
    } else {
      lines[id]?.isReady = true
      perform(pool.connected(id, now: now))
    }
  }

  private mutating func dieOne() {
    guard random.below(3) == 0, let id = oneLine(where: { $0.isReady }) else { return }
    if random.below(2) == 0 {
      lines[id]?.pipeline.failedFirst(PipelineFailure(sqlState: "57P01", name: "", isFatal: true))
    }
    lose(id)
  }

  private mutating func lose(_ id: Int) {
    guard var line = lines.removeValue(forKey: id) else { return }
    end(line.pipeline.lost())
    perform(pool.lost(id))
  }

  private mutating func end(_ unfinished: [Pipeline<Int>.Unfinished]) {
    for one in unfinished {
      guard let step = requests[one.request]?.lost(one.failure, isUndone: one.isUndone) else { continue }
      perform(step, one.request)
    }
  }

  private mutating func cancelOne() {
    let open = answers.filter { $0.value == 0 && requests[$0.key]?.role != .rollback }.keys.sorted()
    guard !open.isEmpty else { return }
    let number = open[random.below(open.count)]
    guard let step = requests[number]?.cancelled(now: now) else { return }
    perform(step, number)
  }

  private mutating func deliverOne() {
    guard let id = oneLine(where: { $0.pipeline.isCancelling }) else { return }
    lines[id]?.pipeline.cancelDelivered()
    if lines[id]?.pipeline.takeCancel() ?? false { return }
    perform(pool.cancelEnded(id, now: now))
  }

  /// The holder of a connection sends something on it, or gives it back.
  private mutating func useLent() {
    guard let id = oneLine(where: { $0.isReady && $0.lentTo != nil && $0.statement == nil }) else { return }
    if random.below(2) == 0 {
      lastRequest += 2
      let number = -lastRequest
      lines[id]?.statement = number
      begin(number, [.statements, .commit, .rollback][random.below(3)], .never)
    } else {
      release(id)
    }
  }

  private mutating func release(_ id: Int) {
    lines[id]?.lentTo = nil
    let isReusable = lines[id]?.pipeline.isEmpty ?? false && random.below(4) > 0
    perform(pool.released(id, isReusable: isReusable, now: now))
  }

  private mutating func retry() {
    guard isRetryWanted else { return }
    isRetryWanted = false
    perform(pool.retryDue())
  }

  // MARK: - Performing

  private mutating func perform(_ step: RequestState.Step, _ number: Int, on id: Int? = nil) {
    switch step {
    case .nothing: break
    case .place:
      if number < 0 { return send(number, lines.first { $0.value.statement == number }?.key) }
      requests[number]?.queued()
      perform(pool.place(NumberedRequest(number), now: now))
    case .placeFirstElsewhere:
      if let id { perform(pool.retire(id)) }
      placeFirst(number)
    case .placeFirst: placeFirst(number)
    case .wait(let moment): timers[number] = moment
    case .succeed, .fail: answer(number)
    case .failAndRetire:
      if let id { perform(pool.retire(id)) }
      answer(number)
    case .leave:
      pool.leave(NumberedRequest(number))
      answer(number)
    case .cancel(let moment):
      timers[number] = moment
      guard let id = places[number] else { return }
      if lines[id]?.pipeline.wantsCancel(number) ?? false { pool.cancelBegan(id) }
    case .abandon:
      let id = places[number]
      answer(number)
      guard let id else { return }
      lines[id]?.pipeline.abandon(number)
      if lines[id]?.pipeline.isDeserted ?? false { lose(id) }
    }
  }

  private mutating func placeFirst(_ number: Int) {
    requests[number]?.queued()
    perform(pool.placeFirst(NumberedRequest(number), now: now))
  }

  private mutating func answer(_ number: Int) {
    timers[number] = nil
    places[number] = nil
    answers[number, default: 0] += 1
    if answers[number] != 1 { faults.append("request \(number) was answered \(answers[number] ?? 0) times") }
  }

  private mutating func send(_ number: Int, _ id: Int?) {
    requests[number]?.sent(now: now)
    places[number] = id
    guard let id, lines[id]?.isReady ?? false else {
      if let step = requests[number]?.returned() { perform(step, number) }
      return
    }
    lines[id]?.pipeline.begin(number, isWholeTransaction: number > 0)
    lines[id]?.pipeline.expect(.statement)
    lines[id]?.pipeline.expect(.sync)
  }

  private mutating func perform(_ actions: [State.Action]) {
    for action in actions {
      switch action {
      case .send(let request, let id):
        if !(lines[id]?.isReady ?? false) { faults.append("\(request) was sent to a connection that is not there") }
        if lines[id]?.lentTo != nil { faults.append("\(request) was sent to a connection that is lent") }
        send(request.number, id)
      case .lend(let id, let request):
        if lines[id]?.lentTo != nil || !(lines[id]?.pipeline.isEmpty ?? false) {
          faults.append("a connection in use was lent")
        }
        lines[id]?.lentTo = request.number
        requests[request.number]?.lent()
        answer(request.number)
      case .fail(let request, let error):
        guard let step = requests[request.number]?.refused(error) else { continue }
        perform(step, request.number)
      case .connect(let id): lines[id] = Line()
      case .close(let id):
        guard var line = lines.removeValue(forKey: id) else {
          faults.append("a connection was closed that is not there")
          continue
        }
        end(line.pipeline.lost())
      case .retry:
        if isRetryWanted { faults.append("two attempts are waited for") }
        isRetryWanted = true
      case .closed: closedCount += 1
      }
    }
  }

  // MARK: - What must hold

  mutating func check() {
    if lines.count > Self.limits.connections { faults.append("\(lines.count) connections") }
    if lines.count != pool.connectionCount { faults.append("the pool counts other connections than there are") }
    if lines.values.contains(where: { $0.pipeline.count > Self.limits.depth }) { faults.append("too deep a pipeline") }
    // Those that were undone through no fault of their own come back whatever the bound.
    let bound = Self.limits.waiting + Self.limits.connections * Self.limits.depth
    if pool.waitingCount > bound { faults.append("\(pool.waitingCount) wait") }
    let waiting = requests.values.count { $0.phase == .waiting }
    if waiting != pool.waitingCount { faults.append("\(waiting) wait, and the queue has \(pool.waitingCount)") }
    for (number, count) in answers where count > 0 && requests[number]?.phase == .waiting {
      faults.append("request \(number) has ended and waits")
    }
  }

  /// The server comes back and answers everything; then the pool is closed.
  mutating func drain() {
    isServerDown = false
    for _ in 0..<5_000 where faults.isEmpty && answers.values.contains(0) {
      now = now.advanced(by: .milliseconds(10))
      retry()
      connectOne()
      deliverOne()
      answerOne(mayFail: false)
      fireTimers()
      if let id = oneLine(where: { $0.lentTo != nil && $0.statement == nil }) { release(id) }
      check()
    }
    let lost = answers.filter { $0.value == 0 }.keys.sorted()
    if !lost.isEmpty { faults.append("never answered: \(lost)") }
    perform(pool.close())
    while let id = oneLine(where: { $0.lentTo != nil && $0.statement == nil }) { release(id) }
    for _ in 0..<100 {
      deliverOne()
      answerOne(mayFail: false)
    }
    if closedCount != 1 { faults.append("closing was told \(closedCount) times, \(lines.count) connections are left") }
  }
}
