import Testing

@testable import Postgres

@Suite("The pipeline of a connection")
struct PipelineTests {
  typealias Line = Pipeline<Int>

  static func failure(_ code: String, fatal: Bool = false) -> PipelineFailure {
    PipelineFailure(sqlState: code, name: "", isFatal: fatal)
  }

  /// Begins a request of `commands`, ended by a Sync.
  static func begin(_ line: inout Line, _ request: Int, _ commands: [Line.Command], whole: Bool = true) {
    line.begin(request, isWholeTransaction: whole)
    for command in commands { line.expect(command) }
    line.expect(.sync)
  }

  /// The steps as text.
  static func feed(_ line: inout Line, _ answers: [Line.Answer]) -> [String] {
    answers.compactMap { answer in
      switch line.received(answer) {
      case .nothing: nil
      case .keep: "keep"
      case .broken: "broken"
      case .finished(let request, let ending):
        "\(request) \(ending.failure?.sqlState ?? "ok")\(ending.leftTransactionOpen ? " open" : "")\(ending.mayBeHit ? " hit" : "")"
      }
    }
  }

  @Test(
    "each answer means what was sent for it",
    arguments: [
      ([.control, .statement], [.done(.other), .done(.other), .synced], ["keep", "1 ok"]),
      (
        [.control, .statement, .statement], [.done(.other), .done(.other), .done(.other), .synced],
        ["keep", "keep", "1 ok"]
      ),
      ([.control, .statement], [.done(.other), .failed(failure("23505")), .synced], ["1 23505"]),
      ([.control, .statement, .statement], [.failed(failure("22P02")), .skipped, .skipped, .synced], ["1 22P02"]),
      // The first failure counts: what follows is its consequence.
      ([.control, .statement], [.failed(failure("40001")), .failed(failure("25P02")), .synced], ["1 40001"]),
      // Unless the server ends the connection.
      (
        [.control, .statement], [.failed(failure("40001")), .failed(failure("57P01", fatal: true)), .synced],
        ["1 57P01"]
      ),
      ([.statement], [.done(.begin), .synced], ["keep", "1 25001 open"]),
      ([.commit], [.done(.other), .synced], ["1 ok"]),
      ([.commit], [.done(.rollback), .synced], ["1 25P02"]),
      ([.statement], [.done(.rollback), .synced], ["keep", "1 ok"]),
      // A deferred constraint fails at the Sync: the error comes after the statement's own answer.
      ([.statement], [.done(.other), .failed(failure("23503")), .synced], ["keep", "1 23503"]),
      ([.statement], [.done(.other), .done(.other)], ["keep", "broken"]),
      ([.statement], [.unsupported], ["broken"]),
      ([], [.done(.other)], ["broken"]),
    ] as [([Line.Command], [Line.Answer], [String])])
  func answers(commands: [Line.Command], answers: [Line.Answer], expected: [String]) {
    var line = Line()
    Self.begin(&line, 1, commands)
    let steps = Self.feed(&line, answers)
    #expect(steps == expected)
  }

  @Test("an answer that nobody asked for breaks the connection")
  func unasked() {
    var line = Line()
    let steps = Self.feed(&line, [.done(.other)])
    #expect(steps == ["broken"])
  }

  @Test("a BEGIN inside an interactive transaction is no concern of the pipeline")
  func interactiveBegin() {
    var line = Line()
    Self.begin(&line, 1, [.statement], whole: false)
    let steps = Self.feed(&line, [.done(.begin), .synced])
    #expect(steps == ["keep", "1 ok"])
  }

  @Test("the failure of one request leaves the next untouched, in the order of sending")
  func order() {
    var line = Line()
    for request in 1...3 { Self.begin(&line, request, [.control, .statement]) }
    #expect(line.count == 3)
    let steps = Self.feed(
      &line,
      [
        .done(.other), .done(.other), .synced, .done(.other), .failed(Self.failure("23514")), .synced, .done(.other),
        .done(.other), .synced,
      ])
    #expect(steps == ["keep", "1 ok", "2 23514", "keep", "3 ok"])
    #expect(line.isEmpty)
  }

  @Test("a name is made once, and forgotten when the server did not prepare it", arguments: [true, false])
  func preparing(skipped: Bool) {
    var line = Line()
    let key = PreparedStatements.Key(Statement("select 1"))
    line.begin(1, isWholeTransaction: true)
    let first = line.name(of: key)
    line.expect(.statement)
    line.expect(.sync)
    #expect(first.isNew)
    let again = line.name(of: key)
    #expect(!again.isNew && again.name == first.name)
    _ = line.received(skipped ? .skipped : .failed(Self.failure("42601")))
    _ = line.received(.skipped)
    _ = line.received(.synced)
    let afterwards = line.name(of: key)
    #expect(afterwards.isNew && afterwards.name != first.name)
  }

  // MARK: - Cancelling

  @Test("one request to cancel at a time, for the first request only; who may be hit is marked")
  func cancelling() {
    var line = Line()
    for request in 1...3 { Self.begin(&line, request, [.statement]) }
    let second = line.wantsCancel(2)
    #expect(!second, "it is not its turn")
    let first = line.wantsCancel(1)
    #expect(first)
    let twice = line.wantsCancel(1)
    #expect(!twice)
    // The first one ends before the request to cancel has arrived: the second must wait for that.
    let steps = Self.feed(&line, [.done(.other), .synced])
    #expect(steps == ["keep", "1 ok"])
    let early = line.takeCancel()
    #expect(!early)
    line.cancelDelivered()
    let now = line.takeCancel()
    #expect(now, "the second one's turn has come")
    let rest = Self.feed(&line, [.failed(Self.failure("57014")), .synced, .done(.other), .synced])
    #expect(rest == ["2 57014 hit", "keep", "3 ok hit"])
  }

  @Test("a delivered request to cancel is not sent again for the same request")
  func notTwice() {
    var line = Line()
    Self.begin(&line, 1, [.statement])
    let first = line.wantsCancel(1)
    line.cancelDelivered()
    let again = line.takeCancel()
    #expect(first && !again)
  }

  // MARK: - Losing the connection

  @Test(
    "losing the connection ends everything; a fatal error of the first tells that nothing was committed",
    arguments: [true, false])
  func lost(isFatal: Bool) {
    var line = Line()
    for request in 1...3 { Self.begin(&line, request, [.statement]) }
    _ = line.received(.failed(Self.failure("57P01", fatal: isFatal)))
    let unfinished = line.lost()
    #expect(unfinished.map(\.request) == [1, 2, 3])
    #expect(unfinished.map(\.isUndone) == [isFatal, isFatal, isFatal])
    #expect(unfinished.map(\.failure?.sqlState) == ["57P01", nil, nil])
    #expect(line.isEmpty)
    let nothing = line.lost()
    #expect(nothing.isEmpty)
  }

  @Test("it is deserted when nobody waits for anything on it")
  func deserted() {
    var line = Line()
    #expect(!line.isDeserted)
    for request in 1...2 { Self.begin(&line, request, [.statement]) }
    line.abandon(1)
    #expect(!line.isDeserted, "another caller waits")
    line.abandon(2)
    #expect(line.isDeserted)
  }
}
