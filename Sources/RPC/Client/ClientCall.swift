internal import HTTP2
internal import Protobuf
internal import Reactor

/// A call under way: does what `Call` and `Attempt` decide. Opens streams, keeps the timers, tells the caller. What unary and streaming calls
/// share; subclasses say what happens to messages.
// @unchecked Sendable: made anywhere, touched on the loop's thread only, to which its users carry it in a `LoopBound`.
class ClientCall: HTTP2StreamDelegate, @unchecked Sendable {
  final let channel: LoopChannel
  final let options: CallOptions
  // Exclusivity is unchecked where one thread is certain: the loop's.
  @exclusivity(unchecked) final var call: Call
  @exclusivity(unchecked) private(set) final var attempt = Attempt()
  @exclusivity(unchecked) private(set) final var stream: HTTP2Stream?
  @exclusivity(unchecked) private(set) final var isDone = false
  /// Where the attempt under way, or the last one, was made.
  @exclusivity(unchecked) private(set) final var subchannel: SubchannelConnection?
  /// Whether it waits in the channel for a connection.
  @exclusivity(unchecked) final var isWaiting = false
  /// Whether the channel counts it.
  @exclusivity(unchecked) final var isCounted = false
  @exclusivity(unchecked) private final var deadlineTimer: Timer?
  /// The wait before the next attempt, or before a stream is reset whose call has reached its deadline.
  @exclusivity(unchecked) private final var waitTimer: Timer?

  init(channel: LoopChannel, method: MethodDescriptor, options: CallOptions, deadline: Deadline) {
    self.channel = channel
    self.options = options
    call = Call(
      method, deadline: deadline, waitsForReady: options.waitsForReady,
      hasKey: method.idempotency == .keyed && options.metadata[.idempotencyKey] != nil)
  }

  // MARK: - For subclasses

  /// A stream is open: the request goes onto it.
  func send(on stream: HTTP2Stream) {}
  func received(_ bytes: RawSpan) throws(RPCError) {}
  /// The server has begun to answer: the request will not be sent again.
  func committed() {}
  /// The call is over; a success has the trailing metadata.
  func finished(_ outcome: Attempt.Outcome) {}
  /// For subclasses, and called by the stream.
  func writable(_ stream: HTTP2Stream) {}

  // MARK: - The channel's side

  /// Arms the deadline. Answers false when the call is over already.
  final func begin() -> Bool {
    let deadline = call.deadline
    guard deadline < .never else { return true }
    if deadline.hasPassed {
      end(.own(.deadlineExceeded()))
      return false
    }
    // Cancelled in `end`, which comes at the deadline at the latest, so the timer does not keep the call alive for longer than it runs.
    deadlineTimer = channel.loop.schedule(at: deadline.instant) { self.deadlinePassed() }
    return true
  }

  /// Begins an attempt.
  /// - Throws: when the connection takes no more calls.
  final func open(on subchannel: SubchannelConnection, _ connection: HTTP2Connection) throws(HTTP2Error) {
    let fields = RequestFields.fields(
      path: call.method.path, constant: subchannel.constantFields, previousAttempts: call.attempts,
      deadline: call.deadline, metadata: options.metadata)
    let stream = try connection.openStream(RequestFields.prepared, fields, delegate: self)
    self.subchannel = subchannel
    attempt = Attempt()
    call.attemptStarted()
    self.stream = stream
    send(on: stream)
  }

  /// No connection can be had.
  final func connectionFailed(_ error: RPCError) {
    call.attemptStarted()
    attemptEnded(.own(error))
  }

  /// Ends the call from this side.
  final func abort(_ error: RPCError) {
    guard !isDone else { return }
    let stream = stream
    end(.own(error))
    stream?.reset(.cancel)
  }

  private func deadlinePassed() {
    deadlineTimer = nil
    guard !isDone else { return }
    let stream = stream
    end(.own(.deadlineExceeded()))
    guard let stream, stream.isOpen else { return }
    // The server knows the deadline and ends the call too. Only where it does not the stream is reset.
    waitTimer = channel.loop.schedule(after: ChannelConfiguration.deadlineGrace) { stream.reset(.cancel) }
  }

  // MARK: - What the stream tells

  final func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) {
    guard !isDone, stream === self.stream else { return }
    attempt.response(fields, endsStream: endsStream)
    if attempt.hasHead { committed() }
  }

  final func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    // A stream that nobody reads is about to be reset: its window is not renewed.
    guard !isDone, stream === self.stream else { return }
    guard attempt.isReadable else {
      stream.consume(bytes.byteCount)
      if let outcome = attempt.ignored(bytes.byteCount) { attemptEnded(outcome) }
      return
    }
    do throws(RPCError) { try received(bytes) } catch { abort(error) }
  }

  final func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) {
    guard stream === self.stream else { return }
    attempt.trailers(fields)
  }

  final func ended(_ stream: HTTP2Stream) {
    guard !isDone, stream === self.stream else { return }
    attemptEnded(attempt.ended())
  }

  final func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    guard !isDone else {
      if let waitTimer { channel.loop.cancel(waitTimer) }
      waitTimer = nil
      return
    }
    guard stream === self.stream else { return }
    // A server that ends the call at its deadline may be heard before our own timer is.
    if code == .cancel, call.deadline.hasPassed { return attemptEnded(.own(.deadlineExceeded())) }
    attemptEnded(attempt.closed(stream, code: code))
  }

  // MARK: - The end of an attempt, and of the call

  private func attemptEnded(_ outcome: Attempt.Outcome) {
    let stream = stream
    self.stream = nil
    if case .success = outcome.result {
      end(outcome)
    } else {
      next(after: outcome)
    }
    // Nobody needs what either side would still send: the rest of a request that is answered, or of a body that is not gRPC's.
    if let stream, !stream.hasEndedOutput || !stream.hasPeerEnded { stream.reset(.cancel) }
  }

  private func next(after outcome: Attempt.Outcome) {
    let step = call.attemptEnded(
      outcome, hasHead: attempt.hasHead, now: channel.loop.now, chance: .random(in: 0...1), budget: &channel.budget)
    switch step {
    case .finish: end(outcome)
    case .attempt: channel.dispatch(self)
    case .attemptAfter(let wait):
      waitTimer = channel.loop.schedule(after: wait) {
        self.waitTimer = nil
        self.channel.dispatch(self)
      }
    }
  }

  final func end(_ outcome: Attempt.Outcome) {
    guard !isDone else { return }
    isDone = true
    if let deadlineTimer { channel.loop.cancel(deadlineTimer) }
    if let waitTimer { channel.loop.cancel(waitTimer) }
    deadlineTimer = nil
    waitTimer = nil
    stream = nil
    if isCounted { channel.callEnded(self) }
    finished(outcome)
    subchannel = nil
  }
}
