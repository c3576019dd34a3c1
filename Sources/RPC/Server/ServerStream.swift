internal import HTTP2
internal import Protobuf
internal import Reactor

/// One call on the server's side of a connection: takes the request apart, runs the handler, sends its answer. Loop-bound.
// @unchecked Sendable: the handler's task carries it back to the loop, and every method a task calls checks that it is there.
final class ServerStream: HTTP2StreamDelegate, MessageSink, @unchecked Sendable {
  let stream: HTTP2Stream
  let call: ServerCall
  private let method: ServerMethod
  private let lane: ServerLane
  // Exclusivity is unchecked where one thread is certain: the loop's.
  @exclusivity(unchecked) private var assembler: MessageAssembler
  /// The request's body when it arrived whole; good within `received` only.
  @exclusivity(unchecked) private var lent: UnsafeRawBufferPointer?
  @exclusivity(unchecked) private var inbound: MessageSource?
  @exclusivity(unchecked) private var task: Task<Void, Never>?
  @exclusivity(unchecked) private var timer: Timer?
  /// Parts of the request that are kept, counted against the server's bound.
  @exclusivity(unchecked) private var heldBytes = 0
  @exclusivity(unchecked) private var begun = 0
  @exclusivity(unchecked) private var hasStarted = false
  @exclusivity(unchecked) private var headersSent = false
  @exclusivity(unchecked) private var isDone = false
  @exclusivity(unchecked) private var writers = SendQueue()

  init(_ stream: HTTP2Stream, call: ServerCall, method: ServerMethod, lane: ServerLane) {
    self.stream = stream
    self.call = call
    self.method = method
    self.lane = lane
    assembler = MessageAssembler(maximumMessageBytes: lane.maximumRequestBytes)
  }

  var loop: EventLoop { lane.loop }

  // MARK: - The request

  /// Asks the interceptors and, for methods that stream their requests, starts the handler.
  func begin() {
    lane.callStarted()
    do throws(RPCError) {
      for interceptor in lane.interceptors {
        begun += 1
        try interceptor.begin(call)
      }
    } catch {
      return fail(error)
    }
    if call.deadline < .never {
      // Cancelled in `done`, so the timer does not keep the call alive for longer than it runs.
      timer = loop.schedule(at: call.deadline.instant) { self.deadlinePassed() }
    }
    switch method.descriptor.kind {
    case .unary, .serverStreaming: break
    case .clientStreaming, .bidirectional:
      inbound = MessageSource(stream: stream, maximumMessageBytes: lane.maximumRequestBytes)
      start()
    }
  }

  private func start() {
    guard !hasStarted else { return }
    hasStarted = true
    method.start(self)
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
    guard !hasStarted else { return fail(.unimplemented("the request has more than one message")) }
    if endsStream, assembler.isEmpty {
      // Nearly always the whole request lies in one piece: decode it where it is.
      bytes.withUnsafeBytes { whole in
        lent = whole
        start()
        lent = nil
      }
      return
    }
    guard lane.hold(bytes.byteCount) else {
      return fail(.resourceExhausted("the server holds too many parts of requests, try again"))
    }
    heldBytes += bytes.byteCount
    bytes.withUnsafeBytes { assembler.append($0) }
    // The limit on messages bounds the buffer, so the window is given back at once.
    stream.consume(bytes.byteCount)
    guard assembler.pendingByteCount <= lane.maximumRequestBytes + MessageAssembler.prefixByteCount else {
      return fail(.resourceExhausted("the request is over the limit of \(lane.maximumRequestBytes) bytes"))
    }
  }

  func ended(_ stream: HTTP2Stream) {
    guard !isDone else { return }
    if let inbound { return inbound.finish() }
    start()
  }

  /// Decodes the one message of the request; nil when the call has been answered with what is wrong with it.
  func onlyRequest<Request: Message>(_ type: Request.Type) -> Request? {
    do throws(RPCError) {
      if let lent, let message = MessageAssembler.only(in: lent, maximumMessageBytes: lane.maximumRequestBytes) {
        return try decode(message)
      }
      if let lent { assembler.append(lent) }
      let decoded: Result<Request, RPCError>? = try assembler.next { bytes in
        do throws(RPCError) { return .success(try decode(bytes)) } catch { return .failure(error) }
      }
      guard let decoded else {
        throw .internal(
          assembler.isEmpty ? "the request has no message" : "the request ends in the middle of its message")
      }
      guard assembler.isEmpty else { throw .unimplemented("the request has more than one message") }
      return try decoded.get()
    } catch {
      fail(error)
      return nil
    }
  }

  @inline(__always)
  private func decode<Request: Message>(_ bytes: UnsafeRawBufferPointer) throws(RPCError) -> Request {
    do throws(ProtobufError) {
      return try Request(serialized: bytes, arena: lane.arena, limits: lane.decodingLimits)
    } catch {
      throw .invalidArgument("\(error)")
    }
  }

  // MARK: - The handler

  /// Runs a streaming handler as a task on this loop, beginning before this returns.
  func run(_ handler: @escaping @Sendable (ServerCall) async throws(RPCError) -> Void) {
    running(
      Task.immediate(executorPreference: loop) {
        do throws(RPCError) {
          try await handler(self.call)
        } catch {
          self.fail(error)
        }
      })
  }

  /// Remembers the handler's task, to be cancelled with the call.
  func running(_ task: Task<Void, Never>) {
    if !isDone { self.task = task }
  }

  var source: LoopBound<MessageSource> {
    loop.preconditionCurrent()
    return LoopBound(
      inbound ?? MessageSource(stream: stream, maximumMessageBytes: lane.maximumRequestBytes), loop: loop)
  }

  var sink: LoopBound<any MessageSink> { LoopBound(self, loop: loop) }

  // MARK: - The answer

  private func sendHeaders() {
    guard !headersSent else { return }
    headersSent = true
    stream.sendHeaders(ResponseFields.head, call.initialMetadata?.fields)
  }

  /// Sends the only message of the response and the status behind it.
  func sendOnly(_ message: some Message) throws(RPCError) {
    loop.preconditionCurrent()
    guard !isDone else { return }
    let bytes = try OutgoingMessage.encode(message, arena: lane.arena)
    sendHeaders()
    stream.write(bytes)
    finishSuccessfully()
  }

  func finishSuccessfully() {
    loop.preconditionCurrent()
    guard !isDone else { return }
    sendHeaders()
    stream.finish(ResponseFields.success, trailers: call.finalMetadata?.fields)
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
    loop.preconditionCurrent()
    guard !isDone else { return }
    let trailers = ResponseFields.trailers(error, call.finalMetadata)
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
    if heldBytes > 0 { lane.release(heldBytes) }
    writers.resumeAll(.failure(.cancelled()))
    let elapsed = call.start.duration(to: Instant.now())
    while begun > 0 {
      begun -= 1
      lane.interceptors[begun].end(call, status: status, elapsed: elapsed)
    }
    lane.callEnded()
  }
}
