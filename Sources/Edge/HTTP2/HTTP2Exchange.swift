internal import HTTP2
internal import Reactor

/// One request on a stream and its answer. Loop-bound.
final class HTTP2Exchange: HTTP2StreamDelegate {
  private let stream: HTTP2Stream
  private let edge: EdgeLoop
  private let peer: SocketAddress
  private var request = HTTPRequest(head: HTTPRequestHead())
  private var task: Task<Void, Never>?
  private var timer: Timer?
  private var isAnswered = false

  init(stream: HTTP2Stream, edge: EdgeLoop, peer: SocketAddress) {
    self.stream = stream
    self.edge = edge
    self.peer = peer
  }

  func begin(_ fields: borrowing HeaderFields) {
    do throws(HTTPRejection) {
      request.head = try HTTP2RequestHead.read(fields, limits: edge.limits)
      if let length = request.head.value("content-length"),
        (Int(String(decoding: length, as: UTF8.self)) ?? 0) > edge.limits.bodyBytes
      {
        throw .bodyTooLarge
      }
    } catch {
      return refuse(error)
    }
    timer = edge.loop.schedule(after: edge.limits.bodyTimeout) { self.refuse(.requestTimeout) }
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    stream.consume(bytes.byteCount)
    guard !isAnswered else { return }
    guard request.body.count + bytes.byteCount <= edge.limits.bodyBytes else { return refuse(.bodyTooLarge) }
    bytes.withUnsafeBytes { request.body.append(contentsOf: $0) }
  }

  func ended(_ stream: HTTP2Stream) {
    guard !isAnswered else { return }
    stopTimer()
    let own = LoopBound(self, loop: edge.loop)
    let request = request
    let task = Task.immediate(executorPreference: edge.loop) {
      let response = await own.value.edge.handler.answer(request, from: own.value.peer)
      own.value.write(response)
    }
    if !isAnswered { self.task = task }
  }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    stopTimer()
    isAnswered = true
    task?.cancel()
    task = nil
  }

  private func refuse(_ rejection: HTTPRejection) {
    guard !isAnswered else { return }
    write(edge.handler.answer(rejection, from: peer))
    if !stream.hasPeerEnded { stream.resetAfterOutput() }
  }

  private func stopTimer() {
    if let timer { edge.loop.cancel(timer) }
    timer = nil
  }

  private func write(_ response: HTTPResponse) {
    guard !isAnswered else { return }
    isAnswered = true
    stopTimer()
    task = nil
    var fields = HeaderFields()
    fields.reserve(byteCount: 768)
    fields.append(":status", String(response.status))
    fields.append("date", edge.date)
    if response.mayHaveBody {
      fields.append("content-type", "\(response.contentType.field)")
      fields.append("content-length", String(response.body.count))
    }
    if !response.requestID.isEmpty { fields.append("x-request-id", response.requestID) }
    for (name, value) in SecurityFields.all { fields.append("\(name)", "\(value)") }
    response.forEachField { name, value in fields.append("\(name)", value) }
    let hasBody = response.mayHaveBody && !response.body.isEmpty && request.head.method != .head
    stream.sendHeaders(nil, fields, endsStream: !hasBody)
    guard hasBody else { return }
    stream.write(response.body)
    stream.finish()
  }
}
