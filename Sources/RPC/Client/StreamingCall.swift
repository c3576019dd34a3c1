internal import HTTP2
internal import Reactor

/// A call that streams in one direction or both. Loop-bound.
// @unchecked Sendable: as ClientCall says.
final class StreamingCall: ClientCall, MessageSink, IncomingMessages, @unchecked Sendable {
  /// What the response has brought; there from its head on.
  @exclusivity(unchecked) private var source: MessageSource?
  /// Who reads, while the response has not begun.
  @exclusivity(unchecked) private var reader: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>?
  @exclusivity(unchecked) private var writers = SendQueue()
  @exclusivity(unchecked) private(set) var outcome: Attempt.Outcome?
  /// What was sent, for as long as it may have to be sent again.
  @exclusivity(unchecked) private var sent: [[UInt8]] = []
  @exclusivity(unchecked) private var sentByteCount = 0
  @exclusivity(unchecked) private var isFinished = false

  /// Begins the call.
  /// - Parameter only: the request of a call that sends one message.
  func start(only request: [UInt8]? = nil) {
    // The caller may have been cancelled before this.
    guard !isDone else { return }
    if let request {
      hold(request)
      isFinished = true
    }
    channel.start(self)
  }

  // MARK: - The request

  override func send(on stream: HTTP2Stream) {
    for message in sent { stream.write(message) }
    if isFinished { stream.finish() }
    releaseLargeRequest()
    if stream.bufferedByteCount <= ServerConfiguration.streamBufferByteCount { writers.resumeAll(.success(true)) }
  }

  private func hold(_ message: [UInt8]) {
    guard call.isReplayable else { return }
    sent.append(message)
    sentByteCount += message.count
  }

  /// A request that is too large to be held is not sent again.
  private func releaseLargeRequest() {
    if sentByteCount > ChannelConfiguration.replayByteCount { release() }
  }

  private func release() {
    call.isReplayable = false
    sent = []
    sentByteCount = 0
  }

  override func committed() {
    release()
    guard source == nil, let stream else { return }
    let source = MessageSource(
      stream: stream, maximumMessageBytes: options.maximumResponseBytes ?? channel.configuration.maximumResponseBytes)
    self.source = source
    if let reader = reader.take() { source.next(reader) }
  }

  func send(_ message: [UInt8], _ continuation: UnsafeContinuation<Result<Bool, RPCError>, Never>) {
    guard !isDone else { return continuation.resume(returning: outcomeOfSending) }
    guard !isFinished else {
      return continuation.resume(returning: .failure(.internal("a message was sent after the last one")))
    }
    hold(message)
    let ahead: Int
    if let stream {
      stream.write(message)
      releaseLargeRequest()
      ahead = stream.bufferedByteCount
    } else {
      ahead = sentByteCount
    }
    if ahead > ServerConfiguration.streamBufferByteCount {
      writers.wait(continuation)
    } else {
      continuation.resume(returning: .success(true))
    }
  }

  /// A server that ends a call with OK before it has read the whole request wants no more of it: no error.
  private var outcomeOfSending: Result<Bool, RPCError> {
    if case .failure(let error)? = outcome?.result { return .failure(error) }
    return .success(false)
  }

  /// This side has sent its last message.
  func finishSending() {
    isFinished = true
    stream?.finish()
  }

  override func writable(_ stream: HTTP2Stream) {
    writers.resumeAll(.success(true))
  }

  // MARK: - The response

  override func received(_ bytes: RawSpan) throws(RPCError) {
    try source?.append(bytes)
  }

  func next(_ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>) {
    if let source {
      source.next(continuation)
    } else if let outcome {
      continuation.resume(returning: outcome.result.map { _ in nil })
    } else if reader != nil {
      continuation.resume(returning: .failure(.internal("two readers wait for the messages of one stream")))
    } else {
      reader = continuation
    }
  }

  func takeArrived() -> [[UInt8]] { source?.takeArrived() ?? [] }

  override func finished(_ outcome: Attempt.Outcome) {
    self.outcome = outcome
    sent = []
    switch outcome.result {
    case .success: source?.finish()
    case .failure(let error):
      if outcome.isServerStatus { source?.finish(error) } else { source?.fail(error) }
    }
    reader.take()?.resume(returning: outcome.result.map { _ in nil })
    writers.resumeAll(outcomeOfSending)
  }

  /// Nobody uses the call any more: what is open is reset. Answers how the call ended.
  @discardableResult
  func leave() -> StatusCode {
    abort(.cancelled("the caller has left the stream"))
    // Whoever still holds a reader gets nothing more from it.
    source?.fail(.cancelled("the caller has left the stream"))
    if case .failure(let error)? = outcome?.result { return error.code }
    return .ok
  }
}
