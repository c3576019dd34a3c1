internal import HTTP2
internal import RPC
internal import Reactor

/// One request on a stream and its answer. Loop-bound.
final class HTTP2Exchange: HTTP2StreamDelegate {
  private let stream: HTTP2Stream
  private let edge: EdgeLoop
  private let peer: SocketAddress
  private var head = HTTPRequestHead()
  /// Nil when the request has none.
  private var body: RequestBody?
  private var received: [UInt8] = []
  /// Bytes of the body for which the peer's window has not been given back.
  private var unconsumed = 0
  private var task: HandlerTask?
  private var timer: Timer?
  private var isAnswered = false
  /// The request ended with its head.
  private var endsWithHead = false

  init(stream: HTTP2Stream, edge: EdgeLoop, peer: SocketAddress) {
    self.stream = stream
    self.edge = edge
    self.peer = peer
  }

  /// The head has arrived: the request begins to be answered.
  func begin(_ fields: borrowing HeaderFields, endsStream: Bool) {
    endsWithHead = endsStream
    do throws(HTTPRejection) {
      head = try HTTP2RequestHead.read(fields, limits: edge.limits)
      if !endsStream {
        let length = head.value("content-length").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        guard length <= edge.limits.bodyBytes else { throw .bodyTooLarge }
      }
    } catch {
      return write(edge.handler.answer(error, from: peer))
    }
    if !endsStream {
      body = RequestBody()
      body?.source = self
    }
    let task = edge.tasks.next()
    self.task = task
    let own = LoopBound(self, loop: edge.loop)
    task.run {
      let exchange = own.value
      let response = await exchange.edge.handler.answer(exchange.head, exchange.body, from: exchange.peer)
      exchange.task = nil
      exchange.write(response)
    }
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    guard let body, body.isArriving, !isAnswered else { return stream.consume(bytes.byteCount) }
    guard received.count + bytes.byteCount <= edge.limits.bodyBytes else {
      body.fail(.bodyTooLarge)
      received = []
      return
    }
    bytes.withUnsafeBytes { received.append(contentsOf: $0) }
    // A body that nobody has asked for yet stays within the stream's window.
    if body.isWanted { stream.consume(bytes.byteCount) } else { unconsumed += bytes.byteCount }
  }

  func ended(_ stream: HTTP2Stream) {
    stopTimer()
    body?.complete(received)
    received = []
  }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    stopTimer()
    isAnswered = true
    body?.fail(.clientGone)
    task?.cancel()
    task = nil
  }

  private func stopTimer() {
    if let timer { edge.loop.cancel(timer) }
    timer = nil
  }

  private func write(_ response: HTTPResponse) {
    guard !isAnswered else { return }
    isAnswered = true
    stopTimer()
    var fields = HeaderFields()
    fields.reserve(byteCount: 256)
    fields.append("date", edge.date)
    if response.hasLength { fields.append("content-length", String(response.body.count)) }
    if !response.requestID.isEmpty { fields.append("x-request-id", response.requestID) }
    response.forEachField { name, value in fields.append("\(name)", value) }
    let hasBody = response.mayHaveBody && !response.body.isEmpty && head.method != .head
    stream.sendHeaders(edge.responseHeads.fields(of: response), fields, endsStream: !hasBody)
    if hasBody {
      stream.write(response.body)
      stream.finish()
    }
    // The rest of a body that nobody wants is not to be sent (RFC 9113 section 8.1).
    if !endsWithHead, !stream.hasPeerEnded { stream.resetAfterOutput() }
  }
}

extension HTTP2Exchange: RequestBodySource {
  func bodyIsWanted() {
    if received.isEmpty, head.value("expect") != nil {
      var fields = HeaderFields()
      fields.append(":status", "100")
      stream.sendInformational(fields)
    }
    stream.consume(unconsumed)
    unconsumed = 0
    let body = body
    timer = edge.loop.schedule(after: edge.limits.bodyTimeout) { body?.fail(.requestTimeout) }
  }
}
