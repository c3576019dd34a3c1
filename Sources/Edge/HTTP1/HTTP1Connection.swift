internal import Reactor

/// One HTTP/1.1 connection: feeds the parser, has requests answered, and writes the answers in the order of the
/// requests, however they finish. Loop-bound.
///
/// Between requests it holds its own few hundred bytes and nothing else.
final class HTTP1Connection: TCPConnectionDelegate, DrainableConnection {
  /// A request whose answer has not been written yet.
  private struct Exchange {
    var isHead: Bool
    var closes: Bool
    var response: HTTPResponse?
    var task: Task<Void, Never>?
  }

  private enum Input {
    case open
    /// What arrives is ignored: the connection ends with an answer that is still to be written.
    case ignored
    /// The last answer is written; what the peer still sends is thrown away until it closes.
    case lingering
  }

  private enum Waiting {
    case request, head, body, answers, peerClose
  }

  /// Answers that may wait for a peer that does not read, before its further requests stay unread.
  private static let outputHighWater = 256 * 1024

  private let connection: TCPConnection
  private let edge: EdgeLoop
  @exclusivity(unchecked) private var parser: HTTP1RequestParser
  @exclusivity(unchecked) private var exchanges: [Exchange] = []
  /// The number of the first of `exchanges`, counted over the connection's life.
  @exclusivity(unchecked) private var firstNumber = 0
  /// Input that came while too many requests were waiting.
  @exclusivity(unchecked) private var held: [UInt8] = []
  @exclusivity(unchecked) private var owesContinue = false
  @exclusivity(unchecked) private var refused = false
  @exclusivity(unchecked) private var input = Input.open
  @exclusivity(unchecked) private var peerEnded = false
  @exclusivity(unchecked) private var waiting = Waiting.request
  @exclusivity(unchecked) private var deadline: Instant
  @exclusivity(unchecked) private var timer: Timer?
  @exclusivity(unchecked) private var timerMoment = Instant(nanoseconds: .max)

  init(_ connection: TCPConnection, on edge: EdgeLoop) {
    self.connection = connection
    self.edge = edge
    parser = HTTP1RequestParser()
    deadline = Instant(nanoseconds: .max)
    rest(in: .request)
  }

  // MARK: - Requests in

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    guard input == .open else { return }
    if held.isEmpty {
      read(bytes)
    } else {
      held.append(bytes, 0..<bytes.byteCount)
    }
    rest()
  }

  private var mustWait: Bool {
    exchanges.count >= edge.limits.pipelinedRequests || connection.bufferedBytes > Self.outputHighWater
  }

  private func read(_ bytes: RawSpan) {
    var offset = 0
    while input == .open {
      if mustWait, offset < bytes.byteCount {
        held.append(bytes, offset..<bytes.byteCount)
        connection.pauseReading()
        return
      }
      switch parser.next(bytes, &offset, limits: edge.limits) {
      case .needsBytes:
        return
      case .expectsContinue:
        owesContinue = true
        sendContinue()
      case .request(let request, let keepsAlive):
        owesContinue = false
        if !keepsAlive { input = .ignored }
        begin(request, keepsAlive: keepsAlive)
      case .rejected(let rejection):
        refuse(rejection)
      }
    }
  }

  /// `100 Continue` belongs to the request being read, so the answers before it go first.
  private func sendContinue() {
    guard owesContinue, exchanges.isEmpty else { return }
    owesContinue = false
    edge.scratch.removeAll(keepingCapacity: true)
    edge.scratch.append(HTTP1ResponseWriter.continueLine)
    connection.write(edge.scratch)
  }

  private func begin(_ request: HTTPRequest, keepsAlive: Bool) {
    let number = firstNumber + exchanges.count
    exchanges.append(Exchange(isHead: request.head.method == .head, closes: !keepsAlive))
    waiting = .answers
    let own = LoopBound(self, loop: edge.loop)
    let task = Task.immediate(executorPreference: edge.loop) {
      let response = await own.value.edge.handler.answer(request, from: own.value.connection.remoteAddress)
      own.value.finish(number, response)
    }
    // The task may have finished already, and with it the exchange.
    let index = number - firstNumber
    if exchanges.indices.contains(index), exchanges[index].response == nil { exchanges[index].task = task }
  }

  private func refuse(_ rejection: HTTPRejection) {
    input = .ignored
    refused = true
    owesContinue = false
    let response = edge.handler.answer(rejection, from: connection.remoteAddress)
    exchanges.append(Exchange(isHead: false, closes: true, response: response))
    writeAnswers()
  }

  // MARK: - Answers out

  private func finish(_ number: Int, _ response: HTTPResponse) {
    let index = number - firstNumber
    guard exchanges.indices.contains(index) else { return }
    exchanges[index].response = response
    exchanges[index].task = nil
    guard index == 0 else { return }
    writeAnswers()
    rest()
  }

  private func writeAnswers() {
    while let first = exchanges.first, let response = first.response {
      exchanges.removeFirst()
      firstNumber += 1
      let isLast = exchanges.isEmpty && held.isEmpty && (peerEnded || edge.isDraining && parser.isIdle)
      write(response, first, closes: first.closes || isLast)
      if first.closes || isLast { return end() }
    }
    sendContinue()
    readHeld()
  }

  private func write(_ response: HTTPResponse, _ exchange: Exchange, closes: Bool) {
    edge.scratch.removeAll(keepingCapacity: true)
    HTTP1ResponseWriter.appendHead(of: response, date: edge.date, closes: closes, to: &edge.scratch)
    connection.write(edge.scratch)
    if response.mayHaveBody, !exchange.isHead { connection.write(response.body) }
  }

  private func readHeld() {
    guard !held.isEmpty, !mustWait else { return }
    let bytes = held
    held = []
    connection.resumeReading()
    read(bytes.span.bytes)
  }

  func drained(_ connection: TCPConnection) {
    readHeld()
    rest()
  }

  // MARK: - The end

  /// The last answer is written. After a refusal there is input nobody has read, and closing then would make the kernel
  /// send a reset that can overtake the answer (RFC 9112 section 9.6): what still comes is thrown away for a moment.
  private func end() {
    for exchange in exchanges { exchange.task?.cancel() }
    exchanges = []
    held = []
    if peerEnded || !refused {
      connection.closeAfterFlush()
    } else {
      input = .lingering
      connection.resumeReading()
      rest(in: .peerClose)
    }
  }

  func inputClosed(_ connection: TCPConnection) {
    peerEnded = true
    if input == .open, held.isEmpty, !parser.isIdle {
      refuse(.malformed("The request ended before it was complete"))
    } else if exchanges.isEmpty {
      connection.closeAfterFlush()
    }
  }

  /// Between requests, or while a request's head arrives: nothing is done for the peer yet.
  func idleSince(_ connection: TCPConnection) -> Instant? {
    switch waiting {
    case .request: deadline.advanced(by: .zero - edge.limits.idleTimeout)
    case .head: deadline.advanced(by: .zero - edge.limits.headTimeout)
    case .peerClose: Instant(nanoseconds: .min)
    case .body, .answers: nil
    }
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) {
    input = .ignored
    for exchange in exchanges { exchange.task?.cancel() }
    exchanges = []
    held = []
    if let timer { edge.loop.cancel(timer) }
    timer = nil
    edge.remove(self)
  }

  func drain() {
    if exchanges.isEmpty, parser.isIdle { connection.closeAfterFlush() }
  }

  func closeNow() {
    connection.close()
  }

  // MARK: - Time

  /// Sets the deadline of what is waited for now. While a connection is used in the usual way this only compares: a
  /// timer that fires early looks at `deadline` and goes back to sleep.
  private func rest() {
    guard input != .lingering else { return }
    if !exchanges.isEmpty {
      rest(in: .answers)
    } else if parser.isIdle {
      rest(in: .request)
    } else {
      let next: Waiting = parser.isReadingBody ? .body : .head
      if next != waiting { rest(in: next) }
    }
  }

  private func rest(in next: Waiting) {
    waiting = next
    let limits = edge.limits
    switch next {
    case .request: deadline = edge.loop.now.advanced(by: limits.idleTimeout)
    case .head: deadline = edge.loop.now.advanced(by: limits.headTimeout)
    case .body: deadline = edge.loop.now.advanced(by: limits.bodyTimeout)
    case .peerClose: deadline = edge.loop.now.advanced(by: limits.lingerTimeout)
    case .answers: deadline = Instant(nanoseconds: .max)
    }
    guard deadline < timerMoment else { return }
    if let timer { edge.loop.cancel(timer) }
    sleep(until: deadline)
  }

  private func sleep(until moment: Instant) {
    timerMoment = moment
    timer = edge.loop.schedule(at: moment) { [weak self] in self?.wake() }
  }

  private func wake() {
    timer = nil
    timerMoment = Instant(nanoseconds: .max)
    guard deadline <= edge.loop.now else {
      if deadline < timerMoment { sleep(until: deadline) }
      return
    }
    switch waiting {
    case .request, .peerClose: connection.close()
    case .head, .body: refuse(.requestTimeout)
    case .answers: break
    }
  }
}
