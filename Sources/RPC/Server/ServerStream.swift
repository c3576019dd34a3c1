internal import HTTP2
internal import Protobuf
internal import Reactor

/// One call on the server's side of a connection: takes the request apart, runs the handler, sends its answer. Loop-bound.
final class ServerStream: HTTP2StreamDelegate, MessageSink {
  let stream: HTTP2Stream
  let call: ServerCall
  private let method: ServerMethod
  private let lane: ServerLane
  private var assembler: MessageAssembler
  private var inbound: MessageSource?
  private var task: Task<Void, Never>?
  private var timer: Timer?
  private var begun = 0
  private var headersSent = false
  private var isDone = false
  private var writers = SendQueue()

  init(_ stream: HTTP2Stream, call: ServerCall, method: ServerMethod, lane: ServerLane) {
    self.stream = stream
    self.call = call
    self.method = method
    self.lane = lane
    assembler = MessageAssembler(maximumMessageBytes: lane.configuration.maximumRequestBytes)
  }

  var loop: EventLoop { lane.loop }
  var bound: LoopBound<ServerStream> { LoopBound(self, loop: loop) }

  // MARK: - The request

  /// Asks the interceptors and, for methods that stream their requests, starts the handler.
  func begin() {
    lane.callStarted()
    do throws(RPCError) {
      for interceptor in lane.configuration.interceptors {
        begun += 1
        try interceptor.begin(call)
      }
    } catch {
      return fail(error)
    }
    if call.deadline < .never {
      timer = loop.schedule(at: call.deadline.instant) { [weak self] in self?.deadlinePassed() }
    }
    switch method.descriptor.kind {
    case .unary, .serverStreaming: break
    case .clientStreaming, .bidirectional:
      inbound = MessageSource(stream: stream, maximumMessageBytes: lane.configuration.maximumRequestBytes)
      method.start(self)
    }
  }

  private func deadlinePassed() {
    timer = nil
    fail(.deadlineExceeded())
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    guard !isDone else { return stream.consume(bytes.byteCount) }
    if let inbound {
      do throws(RPCError) { try inbound.append(bytes) } catch { fail(error) }
      return
    }
    bytes.withUnsafeBytes { assembler.append($0) }
    // The limit on messages bounds the buffer, so the window is given back at once.
    stream.consume(bytes.byteCount)
    guard assembler.pendingByteCount <= lane.configuration.maximumRequestBytes + MessageAssembler.prefixByteCount else {
      return fail(
        .resourceExhausted("the request is over the limit of \(lane.configuration.maximumRequestBytes) bytes"))
    }
  }

  func ended(_ stream: HTTP2Stream) {
    guard !isDone else { return }
    if let inbound { return inbound.finish() }
    method.start(self)
  }

  /// Decodes the one message of the request and hands it on.
  func withOnlyRequest<Request: Message>(_ type: Request.Type, _ body: (Request, LoopBound<ServerStream>) -> Void) {
    do throws(RPCError) {
      let decoded: Result<Request, ProtobufError>? = try assembler.next { bytes in
        do throws(ProtobufError) {
          return .success(try Request(serialized: bytes, arena: lane.arena, limits: lane.configuration.decodingLimits))
        } catch {
          return .failure(error)
        }
      }
      guard let decoded else {
        throw .internal(
          assembler.isEmpty ? "the request has no message" : "the request ends in the middle of its message")
      }
      guard assembler.isEmpty else { throw .unimplemented("the request has more than one message") }
      do {
        body(try decoded.get(), bound)
      } catch {
        throw .invalidArgument("\(error)")
      }
    } catch {
      fail(error)
    }
  }

  // MARK: - The handler

  /// Runs the handler as a task on this loop, beginning before this returns.
  func run(_ handler: @escaping @Sendable (ServerCall) async throws(RPCError) -> Void) {
    let call = call
    let bound = bound
    let task = Task.immediate(executorPreference: loop) {
      do throws(RPCError) {
        try await handler(call)
      } catch {
        bound.value.fail(error)
      }
    }
    if !isDone { self.task = task }
  }

  var source: LoopBound<MessageSource> {
    LoopBound(
      inbound ?? MessageSource(stream: stream, maximumMessageBytes: lane.configuration.maximumRequestBytes), loop: loop)
  }

  var sink: LoopBound<any MessageSink> { LoopBound(self, loop: loop) }

  // MARK: - The answer

  private func sendHeaders() {
    guard !headersSent else { return }
    headersSent = true
    stream.sendHeaders(ResponseFields.head, call.sentMetadata.initial?.fields)
  }

  /// Sends the only message of the response and the status behind it.
  func sendOnly(_ message: some Message) throws(RPCError) {
    guard !isDone else { return }
    let bytes = try OutgoingMessage.encode(message, arena: lane.arena)
    sendHeaders()
    stream.write(bytes)
    try finishSuccessfully()
  }

  func finishSuccessfully() throws(RPCError) {
    guard !isDone else { return }
    sendHeaders()
    stream.finish(ResponseFields.success, trailers: call.sentMetadata.trailing?.fields)
    done(.ok)
  }

  func send(_ message: [UInt8], _ continuation: UnsafeContinuation<Result<Void, RPCError>, Never>) {
    guard !isDone else { return continuation.resume(returning: .failure(.cancelled())) }
    sendHeaders()
    stream.write(message)
    if stream.bufferedByteCount > ServerConfiguration.streamBufferByteCount {
      writers.wait(continuation)
    } else {
      continuation.resume(returning: .success(()))
    }
  }

  func writable(_ stream: HTTP2Stream) {
    writers.resumeAll(.success(()))
  }

  /// Ends the call with a status other than OK.
  func fail(_ error: RPCError) {
    guard !isDone else { return }
    let trailers = ResponseFields.trailers(error, call.sentMetadata.trailing)
    if headersSent {
      stream.finish(trailers: trailers)
    } else {
      stream.sendHeaders(ResponseFields.head, trailers, endsStream: true)
    }
    // A peer that is still sending is told to stop (RFC 9113 §8.1).
    if !stream.hasPeerEnded { stream.resetAfterOutput() }
    done(error.code)
  }

  /// The peer went away or lost interest.
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    guard !isDone else { return }
    done(.cancelled)
  }

  private func done(_ status: StatusCode) {
    isDone = true
    if let timer { loop.cancel(timer) }
    timer = nil
    if status != .ok {
      call.cancel()
      inbound?.fail(status == .deadlineExceeded ? .deadlineExceeded() : .cancelled())
      task?.cancel()
    }
    task = nil
    inbound = nil
    writers.resumeAll(.failure(.cancelled()))
    let elapsed = call.start.duration(to: Instant.now())
    for interceptor in lane.configuration.interceptors.prefix(begun).reversed() {
      interceptor.end(call, status: status, elapsed: elapsed)
    }
    lane.callEnded()
  }
}
