internal import CNghttp2
internal import Glibc
public import Reactor

/// Told what happens on one stream.
public protocol HTTP2StreamDelegate: AnyObject {
  /// Client: the response has begun. 1xx responses are left out. `fields` are lent for the call.
  func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream)
  /// Bytes of the body, lent for the call. Say `stream.consume` when they are dealt with, or the peer's window stays smaller by them.
  /// `endsStream`: they are the last of the body, whose length agrees with `content-length` if that was sent. It may be false although
  /// they are the last, when padding or an empty frame follows: `ended` tells the end in every case.
  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream)
  /// Trailers arrived; `ended` follows.
  func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream)
  /// The peer will send no more.
  func ended(_ stream: HTTP2Stream)
  /// The output written so far has left the stream's buffer.
  func writable(_ stream: HTTP2Stream)
  /// Server: the stream is given up, because the peer is too slow or too much is held for it. Answer what is wrong or reset the stream.
  func exceeded(_ stream: HTTP2Stream, _ excess: HTTP2StreamExcess)
  /// The stream is over; called exactly once, and nothing afterwards.
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode)
}

extension HTTP2StreamDelegate {
  public func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) {}
  public func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) {}
  public func writable(_ stream: HTTP2Stream) {}
  public func exceeded(_ stream: HTTP2Stream, _ excess: HTTP2StreamExcess) { stream.reset(.enhanceYourCalm) }
}

/// One exchange on a session. Loop-bound. Everything said after the stream has closed is ignored.
// @exclusivity(unchecked): as in HTTP2Session.
public final class HTTP2Stream {
  /// The stream's number; fixed once the request is submitted.
  @exclusivity(unchecked) public private(set) var id: Int32
  /// Retained until `closed` has been called.
  @exclusivity(unchecked) public var delegate: (any HTTP2StreamDelegate)?

  /// Place in the session's list; -1 when the stream is over.
  @exclusivity(unchecked) var index = -1
  // unowned(unsafe): used only while the stream is open, and a session that goes away closes its streams first.
  unowned(unsafe) let session: HTTP2Session
  @exclusivity(unchecked) private var output: [UInt8] = []
  @exclusivity(unchecked) private var outputOffset = 0
  @exclusivity(unchecked) private var sending = Sending.idle
  /// The engine asked for bytes when there were none, and waits to be told of more.
  @exclusivity(unchecked) private var isDeferred = false
  @exclusivity(unchecked) private var endPrepared: PreparedFields?
  @exclusivity(unchecked) private var endTrailers: HeaderFields?
  @exclusivity(unchecked) private(set) var remoteEnded = false

  /// The request that waits until replies were read; it goes when the stream ends.
  @exclusivity(unchecked) var whenRoom: (() -> Void)?

  // What the stream holds and how it moves, see StreamBudget.swift.
  @exclusivity(unchecked) var fieldByteCount = 0
  /// Bytes of the body that were held and not released.
  @exclusivity(unchecked) public internal(set) var heldBodyByteCount = 0
  /// Room the connection has promised for the message that is arriving, and window kept back while it has not.
  @exclusivity(unchecked) var promisedByteCount = 0
  @exclusivity(unchecked) var withheldByteCount = 0
  @exclusivity(unchecked) var expectedByteCount = 0
  /// What has moved in each direction; bytes of other streams, too, while it has to wait for those.
  @exclusivity(unchecked) var receivedByteCount = 0
  @exclusivity(unchecked) var sentByteCount = 0
  @exclusivity(unchecked) var lastMoved = Instant(nanoseconds: 0)
  @exclusivity(unchecked) var requestPace = Pace()
  @exclusivity(unchecked) var replyPace = Pace()
  /// Server: whether the peer is to go on sending, as it is from the start. Where a request may stay open between messages, say false then.
  @exclusivity(unchecked) public var isRequestDue = true {
    didSet { if isOpen, isRequestDue, !oldValue { session.isSweepNeeded = true } }
  }

  /// Server: when the peer may well reset the stream, because the time it gave the exchange is over or nearly so. An earlier reset is
  /// counted (`HTTP2Limits.resetBurst`); nil counts it whenever it comes.
  @exclusivity(unchecked) public var resetIsExpected: Instant?

  private enum Sending {
    case idle
    /// Headers are submitted, the body is open.
    case body
    /// `finish` was said; what is buffered and the trailers still go out.
    case finishing
    /// All of this side is with the engine.
    case ended
    case reset
  }

  init(id: Int32, session: HTTP2Session, delegate: (any HTTP2StreamDelegate)?) {
    self.id = id
    self.session = session
    self.delegate = delegate
  }

  public var isOpen: Bool { index >= 0 }

  /// Bytes written to the stream that flow control or the socket have not let go yet.
  public var bufferedByteCount: Int { output.count - outputOffset }

  /// Whether the stream is over because its connection is, and not by itself.
  public internal(set) var isConnectionLost = false

  /// Client: whether the head of the request has left for the peer. Of a stream that ends before, the peer has seen nothing.
  @exclusivity(unchecked) public internal(set) var hasLeft = false

  /// Whether the stream is over because a header list was too long: the peer's for our limit, or ours for the engine's.
  public internal(set) var isFieldLimitExceeded = false

  /// Whether the peer has said all it had to say.
  public var hasPeerEnded: Bool { remoteEnded }

  // MARK: - Sending

  /// Server: sends the response's header fields, `prepared` ones first.
  public func sendHeaders(_ prepared: PreparedFields? = nil, _ fields: HeaderFields? = nil, endsStream: Bool = false) {
    guard isOpen, sending == .idle else { return }
    let code = withFieldList(prepared, fields) { list in
      if endsStream { return nghttp2_submit_response(session.engine, id, list.baseAddress, list.count, nil) }
      var provider = dataProvider
      return nghttp2_submit_response(session.engine, id, list.baseAddress, list.count, &provider)
    }
    sending = endsStream ? .ended : .body
    if code != 0 { reset(.internalError) }
    session.delegate?.outputReady()
  }

  /// Server: sends an informational response (RFC 9110 §15.2), before the real one.
  public func sendInformational(_ fields: HeaderFields) {
    guard isOpen, sending == .idle else { return }
    _ = withFieldList(nil, fields) { list in
      nghttp2_submit_headers(
        session.engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, list.baseAddress, list.count, nil)
    }
    session.delegate?.outputReady()
  }

  /// Adds bytes to the body. Nothing limits the buffer: watch `bufferedByteCount` and wait for `writable`.
  public func write(_ bytes: consuming [UInt8]) {
    guard isOpen, sending == .body, !bytes.isEmpty else { return }
    outputGrew(by: bytes.count)
    if outputOffset == output.count {
      output = bytes
      outputOffset = 0
    } else {
      if outputOffset > 64 * 1024 {
        output.removeFirst(outputOffset)
        outputOffset = 0
      }
      output.append(contentsOf: bytes)
    }
    resume()
  }

  /// Ends this side of the stream, with trailers if there are any.
  public func finish(_ prepared: PreparedFields? = nil, trailers: HeaderFields? = nil) {
    guard isOpen, sending == .body else { return }
    sending = .finishing
    endPrepared = prepared
    endTrailers = trailers
    resume()
  }

  /// Ends the stream in both directions at once.
  public func reset(_ code: HTTP2ErrorCode) {
    guard isOpen, sending != .reset else { return }
    sending = .reset
    dropOutput()
    nghttp2_submit_rst_stream(session.engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    session.delegate?.outputReady()
  }

  /// Server: once the response is out, asks a peer that is still sending to stop, without an error (RFC 9113 §8.1).
  /// - Parameter countsAgainstPeer: whether the peer broke a rule with its request, so that the session counts it as a reset that was
  ///   provoked (`HTTP2Limits.resetBurst`). Not for what a lawful client meets: deadlines, refusals, early answers.
  public func resetAfterOutput(countsAgainstPeer: Bool = false) {
    guard isOpen else { return }
    session.resetAfterOutput(self, countsAgainstPeer: countsAgainstPeer)
  }

  /// Whether this side has asked for the reset; the engine resets streams by itself, too.
  var isResetByUs: Bool { sending == .reset }

  /// Whether this side has no more to say.
  public var hasEndedOutput: Bool { sending == .ended || sending == .reset }

  private func resume() {
    guard isDeferred else { return }
    isDeferred = false
    nghttp2_session_resume_data(session.engine, id)
    session.delegate?.outputReady()
  }

  // MARK: - Receiving

  /// Gives the stream's flow-control window back to the peer. The connection's window takes care of itself.
  public func consume(_ byteCount: Int) {
    guard isOpen, !remoteEnded, byteCount > 0 else { return }
    releaseWindow(byteCount)
  }

  func releaseWindow(_ byteCount: Int) {
    nghttp2_session_consume_stream(session.engine, id, byteCount)
    session.delegate?.outputReady()
  }

  // MARK: - Called by the session

  func requestSent(id: Int32, endsStream: Bool) {
    self.id = id
    sending = endsStream ? .ended : .body
  }

  func peerEnded() {
    guard !remoteEnded else { return }
    remoteEnded = true
    delegate?.ended(self)
  }

  func close(_ code: HTTP2ErrorCode) {
    sending = .reset
    output = []
    outputOffset = 0
    let told = delegate
    delegate = nil
    told?.closed(self, code: code)
  }

  var dataProvider: nghttp2_data_provider {
    nghttp2_data_provider(
      source: nghttp2_data_source(ptr: Unmanaged.passUnretained(self).toOpaque()),
      read_callback: { _, _, buffer, length, flags, source, context in
        guard let context, let stream = source?.pointee.ptr, let buffer, let flags else {
          return Int(SessionCallbacks.stop)
        }
        let session = Unmanaged<HTTP2Session>.fromOpaque(context)
        // The engine forgets a stream before the session does, unless the session was abandoned in between.
        guard !session._withUnsafeGuaranteedRef({ $0.isAbandoned }) else { return Int(SessionCallbacks.stop) }
        // Retained: the delegate that is told `writable` may end the connection and with it the last reference to the stream.
        let filled = Unmanaged<HTTP2Stream>.fromOpaque(stream).takeUnretainedValue()
        return filled.fill(UnsafeMutableRawBufferPointer(start: buffer, count: length), flags: flags)
      })
  }

  /// Hands buffered output to the engine, which asks when it is about to write a DATA frame.
  private func fill(_ frame: UnsafeMutableRawBufferPointer, flags: UnsafeMutablePointer<UInt32>) -> Int {
    let count = min(frame.count, bufferedByteCount)
    if count > 0 {
      output.withUnsafeBytes { bytes in
        frame.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[outputOffset..<outputOffset + count]))
      }
      outputOffset += count
      outputShrank(by: count)
      session.dataSent()
    }
    guard bufferedByteCount == 0 else { return count }
    if sending == .finishing {
      end(flags)
      return count
    }
    output.removeAll(keepingCapacity: output.capacity <= 16 * 1024)
    outputOffset = 0
    if count == 0 {
      isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    delegate?.writable(self)
    return count
  }

  /// Drops what was written and has not been sent.
  func dropOutput() {
    outputShrank(by: bufferedByteCount)
    output = []
    outputOffset = 0
  }

  private func end(_ flags: UnsafeMutablePointer<UInt32>) {
    sending = .ended
    flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    guard endPrepared != nil || endTrailers != nil else { return }
    flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
    _ = withFieldList(endPrepared, endTrailers) { list in
      nghttp2_submit_trailer(session.engine, id, list.baseAddress, list.count)
    }
  }
}
