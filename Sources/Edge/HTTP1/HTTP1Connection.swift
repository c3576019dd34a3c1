internal import RPC
internal import Reactor

/// One HTTP/1.1 connection: feeds the parser, has requests answered, and writes the answers in the order of the requests. Loop-bound.
///
/// A request begins to be answered when its head is complete. Its body is read when the answer asks for it; until then it stays in the
/// socket, but for what came with the head. Between requests a connection holds its own few hundred bytes and nothing else.
final class HTTP1Connection: TCPConnectionDelegate, DrainableConnection {
  /// A request, until its answer is written.
  final class Exchange {
    let head: HTTPRequestHead
    /// Nil when there is none.
    let body: RequestBody?
    let expectsContinue: Bool
    /// Whether the connection ends with the answer.
    var closes: Bool
    var task: HandlerTask?

    init(head: HTTPRequestHead, body: RequestBody?, expectsContinue: Bool = false, closes: Bool) {
      self.head = head
      self.body = body
      self.expectsContinue = expectsContinue
      self.closes = closes
    }
  }

  private enum Input {
    case open
    /// What arrives is ignored: the connection ends with an answer that is still to be written.
    case ignored
    /// The last answer is written; what the peer still sends is thrown away until it closes.
    case lingering
  }

  /// What a connection waits for, which decides how long.
  private enum Waiting {
    case request, head, body, answers
    /// The peer is to take what was written.
    case output
    case peerClose
  }

  /// Answers that may wait for a peer that does not read, before its further requests stay unread.
  private static let outputHighWater = 256 * 1024

  private let connection: TCPConnection
  private let edge: EdgeLoop
  @exclusivity(unchecked) private var parser = HTTP1RequestParser()
  @exclusivity(unchecked) private var requests = PipelinedRequests<Exchange, HTTPResponse>()
  /// The request whose body is being read.
  @exclusivity(unchecked) private var arriving: Exchange?
  /// The body being read belongs to a request that is answered already.
  @exclusivity(unchecked) private var isDiscarding = false
  /// Input that came while it could not be read.
  @exclusivity(unchecked) private var held: [UInt8] = []
  @exclusivity(unchecked) private var owesContinue = false
  /// Something the peer sends will never be read.
  @exclusivity(unchecked) private var leavesInput = false
  @exclusivity(unchecked) private var input = Input.open
  @exclusivity(unchecked) private var peerEnded = false
  @exclusivity(unchecked) private var waiting = Waiting.request
  @exclusivity(unchecked) private var pace = OutputPace()
  @exclusivity(unchecked) private var deadline: Instant
  @exclusivity(unchecked) private var timer: Timer?
  @exclusivity(unchecked) private var timerMoment = Instant(nanoseconds: .max)

  init(_ connection: TCPConnection, on edge: EdgeLoop) {
    self.connection = connection
    self.edge = edge
    deadline = Instant(nanoseconds: .max)
    wait(for: .request)
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
    if let arriving { return !isDiscarding && arriving.body?.isWanted == false }
    return requests.count >= edge.limits.pipelinedRequests || connection.bufferedBytes > Self.outputHighWater
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
        guard let arrival = parser.takeHead() else { return }
        let body = RequestBody()
        body.source = self
        let exchange = Exchange(
          head: arrival.head, body: body, expectsContinue: arrival.expectsContinue, closes: !arrival.keepsAlive)
        arriving = exchange
        arrive(exchange)
        return
      case .request(let request, let keepsAlive):
        if !keepsAlive { input = .ignored }
        var body: RequestBody?
        if !request.body.isEmpty {
          body = RequestBody()
          body?.complete(request.body)
        }
        arrive(Exchange(head: request.head, body: body, closes: !keepsAlive))
      case .body(let bytes):
        isDiscarding = false
        guard let exchange = arriving.take() else { continue }
        if exchange.closes { input = .ignored }
        exchange.body?.complete(bytes)
      case .rejected(let rejection):
        refuse(rejection)
      }
    }
  }

  private func arrive(_ exchange: Exchange) {
    requests.arrive(exchange, isSafe: exchange.head.method.isSafe)
    beginAnswering()
  }

  private func beginAnswering() {
    while let (number, exchange) = requests.begin() {
      let task = edge.tasks.next()
      exchange.task = task
      let own = LoopBound((connection: self, exchange: exchange), loop: edge.loop)
      task.run {
        let (connection, exchange) = own.value
        let response = await connection.edge.handler.answer(
          exchange.head, exchange.body, from: connection.connection.remoteAddress)
        connection.finish(number, exchange, response)
      }
    }
  }

  /// `100 Continue` belongs to the request being read, so the answers before it go first.
  private func sendContinue() {
    guard owesContinue, requests.count == 1 else { return }
    owesContinue = false
    edge.scratch.removeAll(keepingCapacity: true)
    edge.scratch.append(HTTP1ResponseWriter.continueLine)
    write(edge.scratch)
  }

  /// Input that cannot be trusted, or that did not come in time: it is answered, after what came before it, and nothing more is read.
  private func refuse(_ rejection: HTTPRejection) {
    input = .ignored
    leavesInput = true
    owesContinue = false
    if let exchange = arriving.take() {
      exchange.closes = true
      exchange.body?.fail(rejection)
      // Its answer may be on the wire already; then there is nothing to say it with.
      if isDiscarding, requests.isEmpty { end() }
      isDiscarding = false
      return
    }
    let exchange = Exchange(head: HTTPRequestHead(), body: nil, closes: true)
    requests.arrive(exchange, answered: edge.handler.answer(rejection, from: connection.remoteAddress))
    writeAnswers()
  }

  // MARK: - Answers out

  private func finish(_ number: Int, _ exchange: Exchange, _ response: HTTPResponse) {
    exchange.task = nil
    if arriving === exchange { leaveBody(of: exchange) }
    requests.finish(number, response)
    writeAnswers()
    beginAnswering()
    rest()
  }

  /// The request is answered before its body has arrived. A short rest of it is read and thrown away, so that the connection can be used
  /// again; after a longer one, or when the client waits to be told to send it, the connection ends (RFC 9110 section 10.1.1).
  private func leaveBody(of exchange: Exchange) {
    let remaining = parser.remainingBodyBytes ?? .max
    if !exchange.closes, !exchange.expectsContinue, remaining <= edge.limits.discardedBodyBytes {
      isDiscarding = true
    } else {
      exchange.closes = true
      input = .ignored
      leavesInput = true
      arriving = nil
    }
  }

  private func writeAnswers() {
    while let (exchange, response) = requests.next() {
      let isLast = requests.isEmpty && held.isEmpty && (peerEnded || edge.isDraining && parser.isIdle)
      write(response, isHead: exchange.head.method == .head, closes: exchange.closes || isLast)
      if exchange.closes || isLast { return end() }
    }
    sendContinue()
    readHeld()
  }

  private func write(_ response: HTTPResponse, isHead: Bool, closes: Bool) {
    edge.scratch.removeAll(keepingCapacity: true)
    HTTP1ResponseWriter.appendHead(
      of: response, lines: edge.responseHeads.lines(of: response), date: edge.date, closes: closes, to: &edge.scratch)
    write(edge.scratch)
    if response.mayHaveBody, !isHead { write(response.body) }
  }

  private func write(_ bytes: [UInt8]) {
    connection.write(bytes)
    pace.wrote(bytes.count)
  }

  private func readHeld() {
    guard !mustWait, input == .open else { return }
    if !held.isEmpty {
      let bytes = held
      held = []
      connection.resumeReading()
      read(bytes.span.bytes)
    }
    if peerEnded, input == .open, held.isEmpty { refuseTruncated() }
  }

  func drained(_ connection: TCPConnection) {
    readHeld()
    rest()
  }

  // MARK: - The end

  /// The last answer is written. When there is input nobody has read, closing now would make the kernel send a reset that can overtake
  /// the answer (RFC 9112 section 9.6): what still comes is thrown away for a moment.
  private func end() {
    input = .ignored
    abandonRequests()
    if peerEnded || !leavesInput {
      connection.closeAfterFlush()
      wait(for: .output)
    } else {
      input = .lingering
      connection.resumeReading()
      wait(for: .peerClose)
    }
  }

  private func abandonRequests() {
    for exchange in requests.removeAll() {
      exchange.task?.cancel()
      exchange.body?.fail(.clientGone)
    }
    arriving = nil
    held = []
  }

  func inputClosed(_ connection: TCPConnection) {
    peerEnded = true
    if input == .open, held.isEmpty { refuseTruncated() }
    if requests.isEmpty, held.isEmpty, input == .open { end() }
  }

  /// The peer has ended its side. What it had begun to send will never be complete.
  private func refuseTruncated() {
    guard !parser.isIdle else { return }
    refuse(.malformed("The request ended before it was complete"))
  }

  /// Between requests, or while a request's head arrives: nothing is done for the peer yet.
  func idleSince(_ connection: TCPConnection) -> Instant? {
    switch waiting {
    case .request: deadline.advanced(by: .zero - edge.limits.idleTimeout)
    case .head: deadline.advanced(by: .zero - edge.limits.headTimeout)
    case .peerClose: Instant(nanoseconds: .min)
    case .body, .answers, .output: nil
    }
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) {
    input = .ignored
    abandonRequests()
    if let timer { edge.loop.cancel(timer) }
    timer = nil
    edge.remove(self)
  }

  func drain() {
    if requests.isEmpty, parser.isIdle { end() }
  }

  func closeNow() {
    connection.close()
  }

  // MARK: - Time

  /// Sets the deadline of what is waited for now. While a connection is used in the usual way this only compares: a timer that fires
  /// early looks at `deadline` and goes back to sleep.
  private func rest() {
    guard input != .lingering, connection.isOpen else { return }
    let next: Waiting =
      if let arriving, isDiscarding || arriving.body?.isWanted == true {
        .body
      } else if !requests.isEmpty {
        .answers
      } else if connection.bufferedBytes > 0 {
        .output
      } else if parser.isIdle {
        .request
      } else {
        .head
      }
    // What trickles in does not move a deadline.
    if next != waiting || next == .request { wait(for: next) }
  }

  private func wait(for next: Waiting) {
    waiting = next
    let limits = edge.limits
    switch next {
    case .request: deadline = edge.loop.now.advanced(by: limits.idleTimeout)
    case .head: deadline = edge.loop.now.advanced(by: limits.headTimeout)
    case .body: deadline = edge.loop.now.advanced(by: limits.bodyTimeout)
    case .output:
      pace.begin(waiting: connection.bufferedBytes)
      deadline = edge.loop.now.advanced(by: limits.answerTimeout)
    case .peerClose: deadline = edge.loop.now.advanced(by: limits.lingerTimeout)
    // Handlers have deadlines of their own.
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
    case .head: refuse(.requestTimeout)
    case .body: if isDiscarding { connection.close() } else { refuse(.requestTimeout) }
    case .output:
      guard pace.isKept(waiting: connection.bufferedBytes, least: edge.limits.answerBytes) else {
        return connection.close()
      }
      wait(for: .output)
    case .answers: break
    }
  }
}

extension HTTP1Connection: RequestBodySource {
  func bodyIsWanted() {
    owesContinue = arriving?.expectsContinue ?? false
    sendContinue()
    readHeld()
    rest()
  }
}

/// Whether a peer takes its answers at all: how much of what was written it has taken since it was last looked at.
struct OutputPace {
  private var written = 0
  private var taken = 0

  mutating func wrote(_ count: Int) { written &+= count }

  /// - Parameter waiting: bytes written that the peer has not taken.
  mutating func begin(waiting: Int) { taken = written &- waiting }

  /// Whether the peer has taken `least` bytes since `begin`, or all there is.
  func isKept(waiting: Int, least: Int) -> Bool {
    waiting == 0 || written &- waiting &- taken >= least
  }
}
