/// The requests of one HTTP/1.1 connection that have no answer on the wire yet: which may begin to be answered, and which answer is next to
/// be written. A value without a socket.
///
/// Safe requests are answered side by side. An unsafe one waits for all before it and keeps all after it waiting, so that a GET sees what
/// the PATCH before it has done (RFC 9112 section 9.3.2). Answers are written in the order of the requests.
struct PipelinedRequests<Request, Answer> {
  private enum State {
    case waiting
    case running
    case answered(Answer)
  }

  private struct Entry {
    let request: Request
    let isSafe: Bool
    var state = State.waiting
  }

  private var entries: [Entry] = []
  /// The number of the first of `entries`, counted over the connection's life.
  private var firstNumber = 0
  private var begun = 0
  private var runningSafe = 0
  private var runningUnsafe = 0

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  /// Notes a request that has arrived.
  mutating func arrive(_ request: Request, isSafe: Bool) {
    entries.append(Entry(request: request, isSafe: isSafe))
  }

  /// Notes a request that was answered as it arrived.
  mutating func arrive(_ request: Request, answered answer: Answer) {
    entries.append(Entry(request: request, isSafe: true, state: .answered(answer)))
  }

  /// The next request that may begin to be answered now.
  mutating func begin() -> (number: Int, request: Request)? {
    while begun < entries.count, case .answered = entries[begun].state { begun += 1 }
    guard begun < entries.count, runningUnsafe == 0, entries[begun].isSafe || runningSafe == 0 else { return nil }
    if entries[begun].isSafe { runningSafe += 1 } else { runningUnsafe += 1 }
    entries[begun].state = .running
    begun += 1
    return (firstNumber + begun - 1, entries[begun - 1].request)
  }

  /// Notes an answer. One for a request that is no longer here is ignored.
  mutating func finish(_ number: Int, _ answer: Answer) {
    let index = number - firstNumber
    guard entries.indices.contains(index), case .running = entries[index].state else { return }
    if entries[index].isSafe { runningSafe -= 1 } else { runningUnsafe -= 1 }
    entries[index].state = .answered(answer)
  }

  /// The next answer to be written, and the request it answers.
  mutating func next() -> (request: Request, answer: Answer)? {
    guard let first = entries.first, case .answered(let answer) = first.state else { return nil }
    entries.removeFirst()
    firstNumber += 1
    begun = max(0, begun - 1)
    return (first.request, answer)
  }

  /// Forgets all of them. Answers those that had begun and are not answered.
  mutating func removeAll() -> [Request] {
    let running = entries.filter { if case .running = $0.state { true } else { false } }.map(\.request)
    firstNumber += entries.count
    entries = []
    (begun, runningSafe, runningUnsafe) = (0, 0, 0)
    return running
  }
}
