internal import HTTP2
internal import Protobuf
internal import Reactor

/// One call on the server's side of a connection. Loop-bound.
///
/// The way of a call is this file from top to bottom: the head of the request is judged, the interceptors are asked, the body arrives, the
/// handler runs, its answer is sent, the call is over.
// @unchecked Sendable: as UnaryExchange says.
// @exclusivity(unchecked): the loop's thread alone touches the fields, and no access to one is open while other code is called.
final class ServerStream: UnaryExchange, HTTP2StreamDelegate, MessageSink, @unchecked Sendable {
  let stream: HTTP2Stream
  private let method: ServedMethod
  private let server: LoopServer
  @exclusivity(unchecked) private var assembler: MessageAssembler
  /// The request's body when it arrived whole; good within `received` only.
  @exclusivity(unchecked) private var lent: UnsafeRawBufferPointer?
  /// The messages of a request that is a stream of them.
  @exclusivity(unchecked) private var inbound: MessageSource?
  /// Where a unary handler runs, until it has answered.
  @exclusivity(unchecked) private var handlerTask: HandlerTask?
  /// Where interceptors wait, and where a streaming handler runs.
  @exclusivity(unchecked) private var task: Task<Void, Never>?
  @exclusivity(unchecked) private var timer: Timer?
  /// How many interceptors have been asked and have to be told the end.
  @exclusivity(unchecked) private var begun = 0
  /// Whether all interceptors have let the call pass.
  @exclusivity(unchecked) private var isAdmitted = false
  @exclusivity(unchecked) private var hasStarted = false
  @exclusivity(unchecked) private var headersSent = false
  @exclusivity(unchecked) private var isDone = false
  @exclusivity(unchecked) private var writers = SendQueue()

  private init(_ stream: HTTP2Stream, call: ServerCall, method: ServedMethod, server: LoopServer) {
    self.stream = stream
    self.method = method
    self.server = server
    assembler = MessageAssembler(maximumMessageBytes: server.maximumRequestBytes)
    super.init(call: call, decodingLimits: server.decodingLimits, loop: server.loop, arena: server.arena)
  }

  // MARK: - The head of the request

  /// Begins the call that a head asks for, or answers at once why there is none.
  static func begin(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, from peer: SocketAddress,
    on server: LoopServer
  ) {
    var head = RequestHead()
    fields.forEachField { name, value in head.read(name, value, server.methods) }
    guard head.isPost, head.isGRPC else {
      stream.sendHeaders(
        head.isPost ? ResponseFields.unsupportedMediaType : ResponseFields.methodNotAllowed, endsStream: true)
      if !endsStream { stream.resetAfterOutput() }
      return
    }
    do throws(RPCError) {
      guard let method = head.method else { throw .unimplemented("the server has no such method") }
      guard !head.isCompressed else { throw .unimplemented("the request's grpc-encoding is not supported") }
      guard let timeout = head.timeout else { throw .internal("grpc-timeout is not a timeout") }
      guard timeout > 0 else { throw .deadlineExceeded() }
      try server.checkRoom(for: method)
      let now = Instant.now()
      let call = ServerCall(
        method, metadata: Metadata(received: copy fields), deadline: deadline(from: now, timeout), peer: peer,
        start: now)
      let serverStream = ServerStream(stream, call: call, method: method, server: server)
      stream.delegate = serverStream
      // The caller's clock began to run before ours did, by as long as the request was on its way.
      if timeout < .max { stream.resetIsExpected = Instant(nanoseconds: now.nanoseconds + timeout / 2) }
      serverStream.begin()
    } catch {
      let fields = ResponseFields.trailers(error, namesEncodings: head.isCompressed)
      stream.sendHeaders(ResponseFields.head, fields, endsStream: true)
      if !endsStream { stream.resetAfterOutput() }
    }
  }

  /// In plain nanoseconds: a `Duration` has 128 bits, and dividing those costs as much as reading the clock.
  private static func deadline(from now: Instant, _ timeout: Int64) -> Deadline {
    let (moment, overflow) = now.nanoseconds.addingReportingOverflow(timeout)
    return overflow ? .never : Deadline(Instant(nanoseconds: moment))
  }

  // MARK: - The interceptors

  private func begin() {
    server.callStarted()
    let waiting = method.firstWaitingInterceptor
    do throws(RPCError) {
      for index in 0..<(waiting ?? method.interceptors.count) { try ask(index) }
    } catch {
      return fail(error)
    }
    if call.deadline < .never {
      // Cancelled in `done`, so the timer does not keep the call alive for longer than it runs.
      timer = loop.schedule(at: call.deadline.instant) { self.deadlinePassed() }
    }
    if method.descriptor.kind.streamsRequests {
      // Streams that anybody may open, however many there are, do not stay open for nothing.
      inbound = MessageSource(
        stream: stream, maximumMessageBytes: server.maximumRequestBytes, mayPause: !method.isAlwaysServed)
    }
    guard let waiting else { return admitted() }
    let task = Task.immediate(executorPreference: loop) { await self.askWaiting(from: waiting) }
    if !isAdmitted, !isDone { self.task = task }
  }

  private func ask(_ index: Int) throws(RPCError) {
    begun += 1
    try method.interceptors[index].begin(call)
  }

  /// Asks the interceptors from the first one on that may wait. The request goes on arriving meanwhile.
  private func askWaiting(from first: Int) async {
    do throws(RPCError) {
      for index in first..<method.interceptors.count {
        try ask(index)
        if let interceptor = method.interceptors[index] as? any WaitingServerInterceptor {
          try await interceptor.wait(for: call)
        }
        // The caller or the deadline may have ended the call, and its interceptors have been told.
        guard !isDone else { return }
      }
    } catch {
      return fail(error)
    }
    task = nil
    admitted()
  }

  private func admitted() {
    loop.preconditionCurrent()
    isAdmitted = true
    if inbound != nil { start() } else if stream.hasPeerEnded { ended(stream) }
  }

  private func deadlinePassed() {
    timer = nil
    fail(.deadlineExceeded())
  }

  // MARK: - The body of the request

  /// What has arrived of the request, which is held no longer: it is about to be decoded, or nobody needs it.
  @discardableResult
  private func takeAssembled() -> MessageAssembler {
    let taken = assembler
    assembler = MessageAssembler(maximumMessageBytes: server.maximumRequestBytes)
    stream.release(stream.heldBodyByteCount)
    return taken
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    guard !isDone else { return stream.consume(bytes.byteCount) }
    if let inbound {
      do throws(RPCError) { try inbound.append(bytes) } catch { fail(error, isFaultOfPeer: true) }
      return
    }
    if endsStream, isAdmitted, assembler.isEmpty, stream.hasRoomForReply {
      // Nearly always the whole request lies in one piece: decode it where it is.
      bytes.withUnsafeBytes { whole in
        lent = whole
        start()
        lent = nil
      }
      return
    }
    guard stream.hold(bytes.byteCount) else { return fail(.noRoom) }
    do throws(RPCError) {
      bytes.withUnsafeBytes { assembler.append($0) }
      try assembler.check()
    } catch {
      return fail(error, isFaultOfPeer: true)
    }
    stream.consume(bytes.byteCount, ofMessage: assembler.partialMessageByteCount ?? 0)
    guard assembler.pendingByteCount <= server.maximumRequestBytes + MessageAssembler.prefixByteCount else {
      let error = RPCError.resourceExhausted("the request is over the limit of \(server.maximumRequestBytes) bytes")
      return fail(error, isFaultOfPeer: true)
    }
  }

  func ended(_ stream: HTTP2Stream) {
    guard !isDone else { return }
    if let inbound { return inbound.finish() }
    guard isAdmitted else { return }
    guard stream.hasRoomForReply else {
      // Its peer has replies to read first. The deadline of the call goes on.
      return stream.whenReplyFits { if !self.isDone { self.start() } }
    }
    start()
  }

  func exceeded(_ stream: HTTP2Stream, _ excess: HTTP2StreamExcess) {
    let error: RPCError =
      switch excess {
      case .requestTooSlow: .deadlineExceeded("the request did not arrive in time")
      case .replyUnread: .cancelled("the reply was not read in time")
      case .tooManyRequests: .resourceExhausted("the client has too many requests that are not complete")
      case .noRoom: .noRoom
      }
    if !isDone, stream.bufferedByteCount == 0 { return fail(error) }
    if !isDone { done(error.code) }
    stream.reset(.enhanceYourCalm)
  }

  /// Lends the one message of the request.
  private func withOnlyMessage(_ body: (UnsafeRawBufferPointer) throws(RPCError) -> Void) throws(RPCError) {
    if let lent, let message = MessageAssembler.only(in: lent, maximumMessageBytes: server.maximumRequestBytes) {
      return try body(message)
    }
    // Taken out, because the handler may end the call before `body` returns.
    var assembler = takeAssembled()
    if let lent { assembler.append(lent) }
    try assembler.only(of: .request, body)
  }

  /// Decodes the one message of the request; nil when the call has been answered with what is wrong with it.
  func onlyRequest<Request: Message>(_ type: Request.Type) -> Request? {
    var request: Request?
    do throws(RPCError) {
      try withOnlyMessage { (bytes) throws(RPCError) in
        do throws(ProtobufError) {
          request = try Request(serialized: bytes, arena: arena, limits: decodingLimits)
        } catch {
          throw MessageRules.unreadable(.request, error)
        }
        do throws(RPCError) {
          try request?.refuseViolations()
        } catch {
          request = nil
          throw error
        }
      }
    } catch {
      fail(error)
    }
    return request
  }

  // MARK: - The handler

  private func start() {
    guard !hasStarted else { return }
    do throws(RPCError) {
      try server.checkRoom(for: method)
      hasStarted = true
      switch method.handler {
      case .streaming(let start): start(self)
      case .unary(let handler):
        try withOnlyMessage { (message) throws(RPCError) in try handler(message, self) }
      }
    } catch {
      fail(error)
    }
  }

  override func run(_ handler: @escaping @Sendable () async -> Void) {
    server.handlerStarted(method)
    let task = server.handlerTasks.next()
    // Before the handler runs, which may be over when `run` returns.
    handlerTask = task
    task.run(handler)
  }

  override func finish(_ message: [UInt8]) {
    loop.preconditionCurrent()
    server.handlerEnded(method)
    // The task goes on to another call, which must not be cancelled in place of this one.
    handlerTask = nil
    sendOnly(message)
  }

  override func finish(_ error: RPCError) {
    loop.preconditionCurrent()
    server.handlerEnded(method)
    handlerTask = nil
    fail(error)
  }

  /// Runs a streaming handler as a task on this loop, beginning before this returns.
  func run(_ handler: @escaping @Sendable (ServerCall) async throws(RPCError) -> Void) {
    server.handlerStarted(method)
    let task = Task.immediate(executorPreference: loop) {
      do throws(RPCError) {
        try await handler(self.call)
      } catch {
        self.fail(error)
      }
      self.handlerReturned()
    }
    if !isDone { self.task = task }
  }

  private func handlerReturned() {
    loop.preconditionCurrent()
    server.handlerEnded(method)
  }

  var source: LoopBound<any IncomingMessages> {
    loop.preconditionCurrent()
    return LoopBound(
      inbound ?? MessageSource(stream: stream, maximumMessageBytes: server.maximumRequestBytes), loop: loop)
  }

  var sink: LoopBound<any MessageSink> { LoopBound(self, loop: loop) }

  // MARK: - The answer

  private func sendHeaders() {
    guard !headersSent else { return }
    headersSent = true
    stream.sendHeaders(ResponseFields.head, call.initialMetadata?.fields)
  }

  /// Sends the only message of the response and the status behind it.
  func sendOnly(_ message: [UInt8]) {
    loop.preconditionCurrent()
    guard !isDone else { return }
    sendHeaders()
    stream.write(message)
    finishSuccessfully()
  }

  func finishSuccessfully() {
    loop.preconditionCurrent()
    guard !isDone else { return }
    sendHeaders()
    stream.finish(ResponseFields.success, trailers: call.finalMetadata?.fields)
    done(.ok)
  }

  func send(_ message: [UInt8], _ continuation: UnsafeContinuation<Result<Bool, RPCError>, Never>) {
    guard !isDone else { return continuation.resume(returning: .failure(.cancelled())) }
    sendHeaders()
    stream.write(message)
    if stream.bufferedByteCount > ServerConfiguration.streamBufferByteCount || !stream.hasRoomForReply {
      writers.wait(continuation)
    } else {
      continuation.resume(returning: .success(true))
    }
  }

  func writable(_ stream: HTTP2Stream) {
    var waiting = writers
    writers = SendQueue()
    waiting.resumeAll(.success(true))
  }

  /// Ends the call with a status other than OK.
  /// - Parameter isFaultOfPeer: whether the request breaks a rule, see `HTTP2Stream.resetAfterOutput`.
  func fail(_ error: RPCError, isFaultOfPeer: Bool = false) {
    loop.preconditionCurrent()
    guard !isDone else { return }
    let trailers = ResponseFields.trailers(error, call.finalMetadata)
    if headersSent {
      stream.finish(trailers: trailers)
    } else {
      stream.sendHeaders(ResponseFields.head, trailers, endsStream: true)
    }
    // A peer that is still sending is told to stop (RFC 9113 §8.1).
    if !stream.hasPeerEnded { stream.resetAfterOutput(countsAgainstPeer: isFaultOfPeer) }
    done(error.code)
  }

  /// The peer went away or lost interest.
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    guard !isDone else { return }
    done(.cancelled)
  }

  // MARK: - The end

  private func done(_ status: StatusCode) {
    isDone = true
    if let timer { loop.cancel(timer) }
    timer = nil
    if status != .ok {
      call.cancel()
      inbound?.fail(status == .deadlineExceeded ? .deadlineExceeded() : .cancelled())
      handlerTask?.cancel()
      task?.cancel()
    }
    handlerTask = nil
    task = nil
    inbound = nil
    if stream.heldBodyByteCount > 0 { takeAssembled() }
    var waiting = writers
    writers = SendQueue()
    waiting.resumeAll(.failure(.cancelled()))
    if begun > 0 {
      let end = Instant.now()
      while begun > 0 {
        begun -= 1
        method.interceptors[begun].end(call, status: status, at: end)
      }
    }
    server.callEnded()
  }
}

extension RPCError {
  static let noRoom = RPCError.resourceExhausted("the server holds as many bytes of calls as it may, try again")
}
