/// Reads the requests of one HTTP/1.1 connection (RFC 9112): bytes in, whole requests out, no clock and no socket.
///
/// It is strict: what is ambiguous is refused and nothing after it is read. Where the input is split never changes
/// what comes out. Between requests it holds no memory beyond its own size.
struct HTTP1RequestParser: Sendable {
  enum Event: Sendable {
    /// All input is used up; more is wanted.
    case needsBytes
    case request(HTTPRequest, keepsAlive: Bool)
    /// The body of the request whose head was taken.
    case body([UInt8])
    /// Nothing more will be read: answer and close.
    case rejected(HTTPRejection)
  }

  /// A head whose body is still arriving.
  struct Arrival: Sendable {
    let head: HTTPRequestHead
    let keepsAlive: Bool
    /// The client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
    let expectsContinue: Bool
  }

  private enum Phase: Sendable {
    case requestLine
    case fields
    case fixedBody(remaining: Int)
    case chunkedBody
    case failed(HTTPRejection)
  }

  /// What a partly read request holds; made when its first byte arrives.
  fileprivate struct Partial: Sendable {
    var head = HTTPRequestHead()
    var line = HTTP1RequestLineParser()
    var fields = HTTP1FieldParser()
    var framing: HTTP1Framing?
    var body: [UInt8] = []
    var chunks = HTTP1ChunkedBody()
  }

  /// A first allocation that holds the usual head with its token.
  private static let usualHeadBytes = 768
  private static let usualFields = 12
  /// A body's memory grows with what has arrived, not with what was announced.
  private static let firstBodyBytes = 16 * 1024

  private var phase = Phase.requestLine
  private var partial: [Partial] = []
  private var headIsTaken = false

  /// No byte of a request is held: the connection is idle and may be closed without a word.
  var isIdle: Bool { partial.isEmpty }

  /// The head is complete and the body is being read.
  var isReadingBody: Bool {
    switch phase {
    case .fixedBody, .chunkedBody: true
    default: false
    }
  }

  /// Bytes of the body that are still to come; nil when that is not known.
  var remainingBodyBytes: Int? {
    if case .fixedBody(let remaining) = phase { remaining } else { nil }
  }

  /// Once, when all input is used up: the head of the request whose body is still arriving. The body then comes by itself.
  mutating func takeHead() -> Arrival? {
    guard isReadingBody, !headIsTaken, let framing = partial[0].framing else { return nil }
    headIsTaken = true
    let head = partial[0].head
    partial[0].head = HTTPRequestHead()
    return Arrival(head: head, keepsAlive: framing.keepsAlive, expectsContinue: framing.expectsContinue)
  }

  /// Reads on from `offset`, which is moved past what was used. To be called until it says `needsBytes` or `rejected`.
  mutating func next(_ input: RawSpan, _ offset: inout Int, limits: EdgeLimits) -> Event {
    do throws(HTTPRejection) {
      return try advance(input, &offset, limits)
    } catch {
      phase = .failed(error)
      partial = []
      offset = input.byteCount
      return .rejected(error)
    }
  }

  private mutating func advance(
    _ input: RawSpan, _ offset: inout Int, _ limits: EdgeLimits
  ) throws(HTTPRejection) -> Event {
    while offset < input.byteCount {
      switch phase {
      case .requestLine:
        if partial.isEmpty {
          partial.append(Partial())
          partial[0].head.bytes.reserveCapacity(Self.usualHeadBytes)
          partial[0].head.fields.reserveCapacity(Self.usualFields)
        }
        try partial[0].readLine(input, &offset, limits)
        if partial[0].line.isFinished { phase = .fields }
      case .fields:
        try partial[0].readFields(input, &offset, limits)
        if partial[0].fields.isFinished, try finishHead(limits) { return finishRequest() }
      case .fixedBody(let remaining):
        let count = min(remaining, input.byteCount - offset)
        partial[0].body.append(input, offset..<offset + count)
        offset += count
        if count == remaining { return finishRequest() }
        phase = .fixedBody(remaining: remaining - count)
      case .chunkedBody:
        try partial[0].readChunks(input, &offset, limits)
        if partial[0].chunks.isFinished { return finishRequest() }
      case .failed(let rejection):
        offset = input.byteCount
        return .rejected(rejection)
      }
    }
    return .needsBytes
  }

  /// Answers whether the request ends with its head.
  private mutating func finishHead(_ limits: EdgeLimits) throws(HTTPRejection) -> Bool {
    let framing = try HTTP1Framing(finishing: &partial[0].head, line: partial[0].line, limits: limits)
    partial[0].framing = framing
    switch framing.body {
    case .none:
      return true
    case .length(let length):
      partial[0].body.reserveCapacity(min(length, Self.firstBodyBytes))
      phase = .fixedBody(remaining: length)
    case .chunked:
      phase = .chunkedBody
    }
    return false
  }

  private mutating func finishRequest() -> Event {
    let whole = partial.removeLast()
    partial = []
    phase = .requestLine
    if headIsTaken {
      headIsTaken = false
      return .body(whole.body)
    }
    return .request(HTTPRequest(head: whole.head, body: whole.body), keepsAlive: whole.framing?.keepsAlive ?? false)
  }
}

extension HTTP1RequestParser.Partial {
  mutating func readLine(_ input: RawSpan, _ offset: inout Int, _ limits: EdgeLimits) throws(HTTPRejection) {
    let end = try line.consume(input, from: offset, position: head.bytes.count, limits: limits, into: &head)
    head.bytes.append(input, offset..<end)
    offset = end
  }

  mutating func readFields(_ input: RawSpan, _ offset: inout Int, _ limits: EdgeLimits) throws(HTTPRejection) {
    let end = try fields.consume(
      input, from: offset, position: head.bytes.count, limits: limits, into: &head.fields)
    head.bytes.append(input, offset..<end)
    offset = end
  }

  mutating func readChunks(_ input: RawSpan, _ offset: inout Int, _ limits: EdgeLimits) throws(HTTPRejection) {
    offset = try chunks.consume(input, from: offset, limits: limits, into: &body)
  }
}
