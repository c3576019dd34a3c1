internal import HTTP2
internal import Reactor

/// A call that streams in one direction or both. Loop-bound.
final class StreamingCall: ClientCall, MessageSink {
  private var source: MessageSource?
  private var opened: ((Result<OpenedStream, RPCError>) -> Void)?
  private var writers = SendQueue()
  private var outcome: Result<Metadata, RPCError>?

  init(
    lane: ChannelLane, path: String, options: CallOptions, cancellation: CallCancellation,
    opened: @escaping (Result<OpenedStream, RPCError>) -> Void
  ) {
    self.opened = opened
    super.init(lane: lane, path: path, options: options, cancellation: cancellation)
  }

  override func open(on connection: HTTP2Connection) throws(HTTP2Error) {
    try super.open(on: connection)
    guard let stream else { return }
    let source = MessageSource(
      stream: stream, maximumMessageBytes: options.maximumResponseBytes ?? lane.configuration.maximumResponseBytes)
    self.source = source
    let loop = lane.loop
    opened.take()?(
      .success(
        OpenedStream(
          call: LoopBound(self, loop: loop), source: LoopBound(source, loop: loop), sink: LoopBound(self, loop: loop))))
  }

  override func received(_ bytes: RawSpan) throws(RPCError) {
    try source?.append(bytes)
  }

  func send(_ message: [UInt8], _ continuation: UnsafeContinuation<Result<Void, RPCError>, Never>) {
    guard !isDone, let stream else { return continuation.resume(returning: outcomeOfSending) }
    stream.write(message)
    if stream.bufferedByteCount > ServerConfiguration.streamBufferByteCount {
      writers.wait(continuation)
    } else {
      continuation.resume(returning: .success(()))
    }
  }

  private var outcomeOfSending: Result<Void, RPCError> {
    if case .failure(let error)? = outcome { return .failure(error) }
    return .failure(.cancelled("the server has ended the call"))
  }

  /// This side has sent its last message.
  func finishSending() {
    stream?.finish()
  }

  override func writable(_ stream: HTTP2Stream) {
    writers.resumeAll(.success(()))
  }

  override func finished(_ status: Result<Metadata, RPCError>) {
    outcome = status
    switch status {
    case .success: source?.finish()
    case .failure(let error):
      if hasServerStatus { source?.finish(error) } else { source?.fail(error) }
      opened.take()?(.failure(error))
    }
    writers.resumeAll(outcomeOfSending)
  }
}
