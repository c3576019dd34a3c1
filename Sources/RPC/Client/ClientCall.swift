internal import HTTP2
internal import Protobuf
internal import Reactor

/// What unary and streaming calls share on the client's side: opening the stream, reading the head of the response and its status,
/// deadline and cancellation. Loop-bound; subclasses say what happens to messages.
class ClientCall: HTTP2StreamDelegate {
  let lane: ChannelLane
  let path: String
  let options: CallOptions
  private(set) var stream: HTTP2Stream?
  private(set) var attempt = Attempt()
  /// Whether the call ended with trailers, and not because it was given up or lost.
  private(set) var hasServerStatus = false
  private var timer: Timer?
  private let start = Instant.now()
  private let cancellation: CallCancellation
  private(set) var isDone = false
  private var attempts = 0

  var initialMetadata: Metadata { attempt.initialMetadata }

  init(lane: ChannelLane, path: String, options: CallOptions, cancellation: CallCancellation) {
    self.lane = lane
    self.path = path
    self.options = options
    self.cancellation = cancellation
  }

  /// Arms deadline and cancellation. Answers false when the call is over already.
  func begin() -> Bool {
    if let deadline = options.deadline, deadline < .never {
      if deadline.hasPassed {
        end(.failure(.deadlineExceeded()))
        return false
      }
      timer = lane.loop.schedule(at: deadline.instant) { [weak self] in
        self?.timer = nil
        self?.abort(.deadlineExceeded())
      }
    }
    let bound = LoopBound(self, loop: lane.loop)
    guard cancellation.onCancel({ bound.value.abort(.cancelled()) }) else {
      end(.failure(.cancelled()))
      return false
    }
    return true
  }

  /// Opens the stream on a connection and sends the head of the request.
  func open(on connection: HTTP2Connection) throws(HTTP2Error) {
    let fields = RequestFields.fields(
      path: path, authority: lane.authority, constant: lane.constantFields, options: options)
    stream = try connection.openStream(RequestFields.prepared, fields, delegate: self)
  }

  /// Answers false when the call has been tried often enough.
  func countAttempt() -> Bool {
    attempts += 1
    return attempts < 3
  }

  /// Ends the call from this side.
  func abort(_ error: RPCError) {
    guard !isDone else { return }
    let stream = stream
    end(.failure(error))
    stream?.reset(.cancel)
  }

  // MARK: - For subclasses

  func received(_ bytes: RawSpan) throws(RPCError) {}
  /// The call is over; `status` has the trailing metadata.
  func finished(_ status: Result<Metadata, RPCError>) {}
  func writable(_ stream: HTTP2Stream) {}

  // MARK: - What the stream tells

  func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) {
    attempt.response(fields, endsStream: endsStream)
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    guard !isDone else { return stream.consume(bytes.byteCount) }
    guard attempt.isReadable else {
      stream.consume(bytes.byteCount)
      if let outcome = attempt.ignored(bytes.byteCount) {
        end(outcome.result)
        stream.reset(.cancel)
      }
      return
    }
    do throws(RPCError) { try received(bytes) } catch { abort(error) }
  }

  func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) {
    attempt.trailers(fields)
  }

  func ended(_ stream: HTTP2Stream) {
    guard !isDone else { return }
    let outcome = attempt.ended()
    hasServerStatus = outcome.isServerStatus
    end(outcome.result)
    // The server has answered before it has read the whole request: nobody needs the rest.
    if !stream.hasEndedOutput { stream.reset(.cancel) }
  }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    guard !isDone else { return }
    let outcome = attempt.closed(stream, code: code)
    if outcome.isUnseen {
      self.stream = nil
      return lane.retry(self)
    }
    end(outcome.result)
  }

  func end(_ status: Result<Metadata, RPCError>) {
    guard !isDone else { return }
    isDone = true
    if let timer { lane.loop.cancel(timer) }
    timer = nil
    cancellation.done()
    lane.callEnded(self, status: status, elapsed: start.duration(to: .now()))
    finished(status)
  }
}
