internal import CNghttp2
public import Reactor

/// Told by a session what the peer did. All calls come from within `receive` or `nextOutput`.
public protocol HTTP2SessionDelegate: AnyObject {
  /// Server: a request has begun. Set `stream.delegate` now to learn the rest. `fields` are lent for the call: copy what must stay.
  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool)
  /// Server: a request whose header list is longer than the limit; the session has answered it with 431.
  func requestTooLarge(_ stream: HTTP2Stream)
  /// SETTINGS of the peer have arrived. With the first ones it speaks HTTP/2.
  func settingsReceived()
  /// The peer opens no more streams (server side) or takes no more than up to `lastStreamID` (client side).
  func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode)
  /// Our PING was answered.
  func pingAcknowledged()
  /// A stream is over and forgotten; its own delegate has been told.
  func streamForgotten()
  /// There is something to send: ask `nextOutput` soon.
  func outputReady()
}

extension HTTP2SessionDelegate {
  public func requestTooLarge(_ stream: HTTP2Stream) {}
  public func settingsReceived() {}
  public func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode) {}
  public func pingAcknowledged() {}
  public func streamForgotten() {}
}

/// HTTP/2 as a pure engine around nghttp2: bytes in, calls to the delegate and bytes out. No socket, no clock, no task.
///
/// Loop-bound like the connection it serves. The delegate and the streams may call any method from within a callback.
///
/// Exclusive access is not checked at run time here, in the streams and in the connection: one thread owns them, none of them calls
/// out while it changes a field, and the checks cost a tenth of a request's time. The caller of a method holds the session until it returns.
public final class HTTP2Session {
  public enum Role: Sendable {
    case server
    case client
  }

  public let role: Role
  public let limits: HTTP2Limits
  // unowned(unsafe): a weak reference costs on every call. The connection owns the session and takes itself out when it is freed.
  @exclusivity(unchecked) unowned(unsafe) var delegate: (any HTTP2SessionDelegate)?
  /// Streams that are open now.
  public var streamCount: Int { streams.count }
  /// Client: streams that may be opened now without waiting in the engine: what the peer allows (SETTINGS_MAX_CONCURRENT_STREAMS) but for
  /// those that are open.
  public var availableStreams: Int {
    let allowed = Int(nghttp2_session_get_remote_settings(engine, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    return isDraining ? 0 : max(0, allowed - streams.count)
  }
  /// Counts what has arrived for streams; wraps around.
  @exclusivity(unchecked) public internal(set) var progress = 0
  /// Whether new streams are out of the question, in either direction.
  @exclusivity(unchecked) public private(set) var isDraining = false

  /// Set by `abandon`; the engine's streams may point to freed objects from then on and must not be followed.
  @exclusivity(unchecked) private(set) var isAbandoned = false

  let engine: OpaquePointer
  /// Outlives the engine.
  private let memory: HTTP2Memory?
  @exclusivity(unchecked) private(set) var streams: [HTTP2Stream] = []
  /// The header block that is arriving; HTTP/2 never interleaves two.
  let arriving = ArrivingFields()
  @exclusivity(unchecked) var arrivingListSize = 0
  @exclusivity(unchecked) var arrivingKind = FieldBlockKind.ignored
  /// What the SETTINGS that are arriving may not raise too far.
  @exclusivity(unchecked) var windowsBeforeSettings = PeerWindows(initial: 0, largest: 0)
  /// Server: numbers that the peer has passed over when it opened its streams.
  @exclusivity(unchecked) var skipped = SkippedStreams()
  /// The part of a DATA frame that was read last and has not been told to its stream yet.
  @exclusivity(unchecked) private var arrivingData: ArrivingData?
  @exclusivity(unchecked) var now = Instant(nanoseconds: 0)
  @exclusivity(unchecked) private var resets: AbuseMeter
  @exclusivity(unchecked) private var idleFrames: AbuseMeter
  @exclusivity(unchecked) private(set) var frames: FrameObserver
  /// Why the session was ended for breaking the rules, by us or by the engine.
  @exclusivity(unchecked) public private(set) var terminated: HTTP2ErrorCode?
  @exclusivity(unchecked) private var lateResets: [HTTP2Stream] = []

  /// Bytes that lie in what `receive` was given.
  private struct ArrivingData {
    let streamID: Int32
    let bytes: UnsafeRawBufferPointer
  }

  /// What all sessions of a loop may hold together.
  let budget: HTTP2Budget?
  @exclusivity(unchecked) var budgetIndex = -1
  /// The peer's address without its port; set by the connection.
  @exclusivity(unchecked) var client: SocketAddress?
  @exclusivity(unchecked) var countedWaiting = 0
  /// Bytes held for the peer, those of replies it has not read among them.
  @exclusivity(unchecked) public internal(set) var heldByteCount = 0
  @exclusivity(unchecked) var unreadByteCount = 0
  /// Requests that wait until replies were read.
  @exclusivity(unchecked) var waitingForRoom: [HTTP2Stream] = []
  /// Bytes that streams which receive a large message have been promised room for.
  @exclusivity(unchecked) var promisedByteCount = 0
  /// Bytes of bodies that have arrived since the last sweep.
  @exclusivity(unchecked) var receivedSinceSweep = 0
  /// Whether the peer owes something, so that `sweep` is to be called before long.
  @exclusivity(unchecked) var isSweepNeeded = false
  @exclusivity(unchecked) var headerPace = Pace()
  @exclusivity(unchecked) var sweptHeaderBlock = 0

  enum FieldBlockKind {
    case ignored
    case request
    case response
    case trailers
  }

  /// - Parameter memory: what all sessions of a loop share; nil takes the system's allocator.
  /// - Parameter budget: what all sessions of a loop may hold together; nil sets no bound beyond that of each.
  /// - Throws: `HTTP2Error.outOfMemory`.
  public init(
    role: Role, limits: HTTP2Limits = HTTP2Limits(), memory: HTTP2Memory? = nil, budget: HTTP2Budget? = nil
  ) throws(HTTP2Error) {
    self.role = role
    self.budget = budget
    self.memory = memory
    self.limits = limits
    resets = AbuseMeter(burst: limits.resetBurst, perSecond: limits.resetsPerSecond)
    idleFrames = AbuseMeter(burst: limits.idleFrameBurst, perSecond: limits.idleFramesPerSecond)
    frames = FrameObserver(role: role)
    guard let engine = SessionCallbacks.makeEngine(role: role, limits: limits, memory: memory) else {
      throw .outOfMemory
    }
    self.engine = engine
    SessionCallbacks.attach(self, to: engine)
    budget?.join(self)
    try submitSettings()
  }

  deinit {
    // Streams somebody still holds must not reach for the engine any more.
    for stream in streams { stream.index = -1 }
    if budgetIndex >= 0 {
      budget?.charge(-heldByteCount)
      budget?.leave(self)
    }
    nghttp2_session_del(engine)
  }

  private func submitSettings() throws(HTTP2Error) {
    var settings: [nghttp2_settings_entry] = [
      .init(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowByteCount),
      .init(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListByteCount),
      .init(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, limits.frameByteCount),
      .init(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.headerTableByteCount),
      // The priority tree of RFC 7540 costs time and memory and nobody uses it any more (RFC 9113 §5.3.2).
      .init(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ]
    switch role {
    case .server: settings.append(.init(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams))
    case .client: settings.append(.init(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    let code = nghttp2_submit_settings(engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count)
    guard code == 0 else { throw .outOfMemory }
    nghttp2_session_set_local_window_size(
      engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindowByteCount))
  }

  // MARK: - Bytes

  /// Takes bytes from the peer.
  /// - Throws: `HTTP2Error` when the session cannot go on: flush what `nextOutput` gives, then close the connection.
  public func receive(_ bytes: RawSpan, at now: Instant) throws(HTTP2Error) {
    self.now = now
    if let terminated { throw .terminated(terminated) }
    guard !isAbandoned else { return }
    let code = bytes.withUnsafeBytes { buffer in
      countFrames(buffer)
      guard terminated == nil else { return 0 }
      let code = nghttp2_session_mem_recv(engine, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count)
      // The rest of the frame comes with a later read.
      deliverData(endsStream: false)
      return code
    }
    if let terminated { throw .terminated(terminated) }
    guard code < 0, !isAbandoned else { return }
    switch nghttp2_error(rawValue: Int32(truncatingIfNeeded: code)) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      throw .notHTTP2
    case NGHTTP2_ERR_NOMEM:
      throw .outOfMemory
    case NGHTTP2_ERR_FLOODED, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      terminate(.enhanceYourCalm)
      throw .terminated(.enhanceYourCalm)
    default:
      terminate(.protocolError)
      throw .terminated(.protocolError)
    }
  }

  /// Lends the next bytes for the peer to `body`; false when there are none. Stop asking when the socket is behind.
  public func nextOutput(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard !isAbandoned else { return false }
    var bytes: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(engine, &bytes)
    guard count > 0, let bytes else { return sendLateResets() && nextOutput(body) }
    body(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    return true
  }

  /// A reset makes the engine drop what it has not sent of the stream, so one that comes after the response waits for it.
  func resetAfterOutput(_ stream: HTTP2Stream, countsAgainstPeer: Bool) {
    if countsAgainstPeer { countReset() }
    lateResets.append(stream)
    delegate?.outputReady()
  }

  private func sendLateResets() -> Bool {
    guard !lateResets.isEmpty else { return false }
    let ready = lateResets.filter { $0.hasEndedOutput }
    lateResets.removeAll { $0.hasEndedOutput }
    for stream in ready where stream.isOpen { stream.reset(.noError) }
    return !ready.isEmpty
  }

  /// Whether `nextOutput` has something to give.
  public var hasOutput: Bool {
    nghttp2_session_want_write(engine) != 0 || lateResets.contains(where: \.hasEndedOutput)
  }

  /// Whether all is said and the connection may be closed.
  public var isFinished: Bool { nghttp2_session_want_write(engine) == 0 && nghttp2_session_want_read(engine) == 0 }

  /// Keeps a part of a DATA frame until it is known whether the frame, and with it the stream, ends behind it. The engine reports
  /// END_STREAM with every part of a frame, and checks a body against `content-length` only at its end.
  func keepData(_ bytes: UnsafeRawBufferPointer, streamID: Int32) {
    deliverData(endsStream: false)
    arrivingData = ArrivingData(streamID: streamID, bytes: bytes)
  }

  /// Tells the part of a DATA frame that was kept to its stream.
  func deliverData(endsStream: Bool) {
    guard let data = arrivingData.take(), terminated == nil, !isAbandoned else { return }
    guard let stream = stream(data.streamID), let delegate = stream.delegate else {
      nghttp2_session_consume_stream(engine, data.streamID, data.bytes.count)
      return
    }
    stream.bodyArrived(data.bytes.count)
    delegate.received(data.bytes.bytes, endsStream: endsStream, on: stream)
  }

  // MARK: - Streams

  /// Client: opens a stream with a request. The body is what is written to the stream until it is finished; a request without a body
  /// gives `endsStream`. Where the peer's limit of streams is reached the request waits in the engine.
  public func openStream(
    _ prepared: PreparedFields?, _ fields: HeaderFields?, endsStream: Bool, delegate: (any HTTP2StreamDelegate)?
  ) throws(HTTP2Error) -> HTTP2Stream {
    guard !isDraining, nghttp2_session_check_request_allowed(engine) != 0 else { throw .cannotOpenStream }
    let stream = HTTP2Stream(id: 0, session: self, delegate: delegate)
    let context = Unmanaged.passUnretained(stream).toOpaque()
    let id = withFieldList(prepared, fields) { list in
      if endsStream {
        return nghttp2_submit_request(engine, nil, list.baseAddress, list.count, nil, context)
      }
      var provider = stream.dataProvider
      return nghttp2_submit_request(engine, nil, list.baseAddress, list.count, &provider, context)
    }
    guard id > 0 else { throw .cannotOpenStream }
    stream.requestSent(id: id, endsStream: endsStream)
    remember(stream)
    self.delegate?.outputReady()
    return stream
  }

  func accept(id: Int32) {
    let stream = HTTP2Stream(id: id, session: self, delegate: nil)
    nghttp2_session_set_stream_user_data(engine, id, Unmanaged.passUnretained(stream).toOpaque())
    remember(stream)
  }

  private func remember(_ stream: HTTP2Stream) {
    stream.index = streams.count
    streams.append(stream)
  }

  /// The stream of that number, while it is open. Unretained in the engine: `streams` holds it.
  @inline(__always)
  func stream(_ id: Int32) -> HTTP2Stream? {
    guard let context = nghttp2_session_get_stream_user_data(engine, id) else { return nil }
    return Unmanaged<HTTP2Stream>.fromOpaque(context).takeUnretainedValue()
  }

  func forget(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    guard stream.index >= 0 else { return }
    let last = streams.count - 1
    if stream.index != last {
      streams[stream.index] = streams[last]
      streams[stream.index].index = stream.index
    }
    streams.removeLast()
    if stream.whenRoom.take() != nil { waitingForRoom.removeAll { $0 === stream } }
    stream.releaseEverything()
    stream.index = -1
    nghttp2_session_set_stream_user_data(engine, stream.id, nil)
    stream.close(code)
    delegate?.streamForgotten()
  }

  /// The connection is gone: every open stream is told so, and the engine is not heard any more, be it in the middle of a callback.
  public func abandon() {
    isDraining = true
    isAbandoned = true
    while let stream = streams.last {
      stream.isConnectionLost = true
      forget(stream, code: .internalError)
    }
  }

  // MARK: - The connection as a whole

  /// Server: tells the peer to open no more streams, giving those on their way the time to arrive (RFC 9113 §6.8). Follow with
  /// `finishDraining` after a round trip.
  public func beginDraining() {
    guard !isDraining else { return }
    isDraining = true
    if role == .server { nghttp2_submit_shutdown_notice(engine) }
    delegate?.outputReady()
  }

  /// Says which stream was the last. Open streams finish; the session `isFinished` after them.
  public func finishDraining() {
    isDraining = true
    let last = nghttp2_session_get_last_proc_stream_id(engine)
    nghttp2_submit_goaway(engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, HTTP2ErrorCode.noError.rawValue, nil, 0)
    delegate?.outputReady()
  }

  /// Ends the session at once: GOAWAY with `code`, then nothing.
  public func terminate(_ code: HTTP2ErrorCode) {
    guard terminated == nil else { return }
    isDraining = true
    terminated = code
    nghttp2_session_terminate_session(engine, code.rawValue)
    delegate?.outputReady()
  }

  /// Asks the peer for a sign of life; the answer is told by `pingAcknowledged`.
  public func ping() {
    nghttp2_submit_ping(engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    delegate?.outputReady()
  }

  // MARK: - Abuse

  /// What a frame that moves something forward earns the peer: clients that renew both windows for every DATA frame, or measure their
  /// bandwidth with PINGs, stay far below it.
  private static let earnedByUsefulFrame = 4

  private func countFrames(_ bytes: UnsafeRawBufferPointer) {
    let tally = frames.observe(bytes)
    if tally.useful > 0 { idleFrames.earn(tally.useful * Self.earnedByUsefulFrame) }
    if tally.idle > 0, !idleFrames.allows(tally.idle, at: now) { terminate(.enhanceYourCalm) }
    if tally.continuations > limits.continuations { terminate(.enhanceYourCalm) }
    if tally.hasPriorityWithoutStream { terminate(.protocolError) }
  }

  /// A DATA frame goes out: its reader may well answer with frames of its own.
  func dataSent() {
    idleFrames.earn(Self.earnedByUsefulFrame)
  }

  /// Counts a stream that the peer has begun for nothing: it reset the stream, or made us or the engine reset it.
  func countReset() {
    if !resets.allows(at: now) { terminate(.enhanceYourCalm) }
  }

  /// A stream has ended well.
  func resetEarned() { resets.earn(1) }

  /// The peer resets a stream. One that has had the time the peer gave it cost the peer that time, and one that is closed cost it the
  /// frame, which is counted as such: neither is a stream begun for nothing.
  func resetArrived(on id: Int32) {
    guard let stream = stream(id), stream.resetIsExpected.map({ now < $0 }) ?? true else { return }
    countReset()
  }

  func noteTermination(_ code: HTTP2ErrorCode) {
    isDraining = true
    if terminated == nil { terminated = code }
  }

  func goAwayArrived(lastStreamID: Int32, code: HTTP2ErrorCode) {
    isDraining = true
    delegate?.goAwayReceived(lastStreamID: lastStreamID, code: code)
  }
}

extension nghttp2_settings_entry {
  init(_ id: nghttp2_settings_id, _ value: Int) {
    self.init(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
  }
}
