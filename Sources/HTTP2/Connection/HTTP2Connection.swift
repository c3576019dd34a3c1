public import Reactor

/// An HTTP/2 session on a TCP connection: bytes in to the engine, its output out in one write a turn, time limits, orderly ends.
///
/// Loop-bound. The TCP connection keeps it alive until it is closed.
// @exclusivity(unchecked): as in HTTP2Session.
public final class HTTP2Connection {
  public let session: HTTP2Session
  public let tcp: TCPConnection
  /// Retained until `closed` has been called.
  @exclusivity(unchecked) public private(set) var delegate: (any HTTP2ConnectionDelegate)?

  @exclusivity(unchecked) private var lifetime: ConnectionLifetime
  private var timer: Timer?
  private var sweepTimer: Timer?
  @exclusivity(unchecked) private var socketPace = Pace()
  @exclusivity(unchecked) private var writtenByteCount = 0
  /// Of the socket's output, what the budget knows of.
  @exclusivity(unchecked) private var chargedByteCount = 0
  @exclusivity(unchecked) private var isDraining = false
  @exclusivity(unchecked) private var isFlushRequested = false
  @exclusivity(unchecked) private var closeReason: HTTP2CloseReason?

  /// Serves requests on an accepted connection. Takes over `tcp.delegate`.
  /// - Parameters:
  ///   - memory: what all connections of a loop share; nil takes the system's allocator.
  ///   - budget: what all connections of a loop may hold together; nil leaves each to its own limit.
  /// - Throws: `HTTP2Error.outOfMemory`.
  public convenience init(
    server tcp: TCPConnection, limits: HTTP2Limits = HTTP2Limits(), memory: HTTP2Memory? = nil,
    budget: HTTP2Budget? = nil, delegate: any HTTP2ConnectionDelegate
  ) throws(HTTP2Error) {
    try self.init(role: .server, tcp, limits, memory, budget, delegate)
  }

  /// Makes requests on a connection to a server. Takes over `tcp.delegate`.
  /// - Parameter memory: what all connections of a loop share; nil takes the system's allocator.
  /// - Throws: `HTTP2Error.outOfMemory`.
  public convenience init(
    client tcp: TCPConnection, limits: HTTP2Limits = HTTP2Limits(), memory: HTTP2Memory? = nil,
    delegate: any HTTP2ConnectionDelegate
  ) throws(HTTP2Error) {
    try self.init(role: .client, tcp, limits, memory, nil, delegate)
  }

  private init(
    role: HTTP2Session.Role, _ tcp: TCPConnection, _ limits: HTTP2Limits, _ memory: HTTP2Memory?,
    _ budget: HTTP2Budget?, _ delegate: any HTTP2ConnectionDelegate
  ) throws(HTTP2Error) {
    session = try HTTP2Session(role: role, limits: limits, memory: memory, budget: budget)
    self.tcp = tcp
    self.delegate = delegate
    lifetime = ConnectionLifetime(role: role, limits: limits, now: tcp.loop.now)
    session.client = tcp.remoteAddress.withoutPort
    session.delegate = self
    tcp.delegate = self
    tcp.requestFlush()
    scheduleCheck()
  }

  deinit {
    session.delegate = nil
  }

  public var loop: EventLoop { tcp.loop }

  public var isOpen: Bool { tcp.isOpen && closeReason == nil }

  /// Whether a client may open another stream.
  public var takesStreams: Bool { isOpen && !isDraining && !session.isDraining }

  /// Client: streams that may be opened now: one more would wait in the engine for the peer to allow it. The delegate is told when it may
  /// have grown, by `settingsChanged` and `streamClosed`.
  public var availableStreams: Int { takesStreams ? session.availableStreams : 0 }

  /// Client: opens a stream with a request. Fields of `prepared` come first.
  /// - Throws: `HTTP2Error.cannotOpenStream` when the connection is ending: use another one.
  public func openStream(
    _ prepared: PreparedFields? = nil, _ fields: HeaderFields? = nil, endsStream: Bool = false,
    delegate: (any HTTP2StreamDelegate)?
  ) throws(HTTP2Error) -> HTTP2Stream {
    guard takesStreams else { throw .cannotOpenStream }
    lifetime.busy()
    return try session.openStream(prepared, fields, endsStream: endsStream, delegate: delegate)
  }

  /// Ends in order: no new streams, the open ones finish, then the connection closes (RFC 9113 §6.8).
  public func drain() {
    guard isOpen, !isDraining else { return }
    isDraining = true
    session.beginDraining()
    // Not closed here, because the engine must not be asked for output from within its own callbacks.
    if session.role == .client { return requestFlush() }
    // Requests that are on their way arrive before the answer to this PING does.
    lifetime.drainStarted(now: loop.now)
    session.ping()
    scheduleCheck()
  }

  /// Ends at once; open streams are told.
  public func close() {
    close(.transport(nil))
  }

  private func close(_ reason: HTTP2CloseReason) {
    if closeReason == nil { closeReason = reason }
    tcp.close()
  }

  /// How long the peer has to close its side after we have closed ours.
  private static let lingering = Duration.seconds(1)

  /// Ends with what is pending, such as a GOAWAY; open streams are told. Our side of the socket is closed first and what still arrives
  /// is thrown away: a socket closed with input unread makes the kernel drop what the peer has not read yet. Not to be called from
  /// within the engine's callbacks.
  private func closeAfterFlush(_ reason: HTTP2CloseReason) {
    guard closeReason == nil else { return }
    // At this point little is left: a session that is finished or terminated gives no more DATA.
    while session.nextOutput({ write($0) }) {}
    closeReason = reason
    tcp.endOutput()
    session.abandon()
    if let timer { loop.cancel(timer) }
    timer = loop.schedule(after: Self.lingering) { [tcp] in tcp.close() }
  }

  private func closeIfFinished() {
    guard closeReason == nil else { return }
    if session.isFinished || (session.role == .client && isDraining && session.streamCount == 0) {
      closeAfterFlush(session.terminated.map { .protocolError($0) } ?? .orderly)
    }
  }

  // MARK: - Time

  /// Sees to it that what the peer owes is looked at before long. One timer at a time, which ends when nothing is owed.
  private func requestSweep() {
    guard sweepTimer == nil, session.role == .server, closeReason == nil else { return }
    sweepTimer = loop.schedule(after: session.sweepInterval) { self.sweep() }
  }

  private func sweep() {
    sweepTimer = nil
    guard isOpen else { return }
    let now = loop.now
    let limits = session.limits
    let isUnread = socketPace.isOverdue(
      isOwed: tcp.bufferedBytes > 0, moved: writtenByteCount - tcp.bufferedBytes, at: now,
      rule: PaceRule(timeout: limits.replyTimeout, bytesPerSecond: limits.slowestBytesPerSecond))
    if isUnread { return close(.tooSlow) }
    if session.isHeaderBlockOverdue(at: now) {
      session.terminate(.enhanceYourCalm)
      return closeAfterFlush(.tooSlow)
    }
    session.sweep(at: now)
    if session.hasOutput { requestFlush() }
    if session.isSweepNeeded || session.isWithinHeaderBlock || tcp.bufferedBytes > 0 { requestSweep() }
  }

  private func scheduleCheck() {
    if let timer { loop.cancel(timer) }
    timer = nil
    guard let due = lifetime.nextCheck(now: loop.now, progress: session.progress) else { return }
    // Kept until the timer fires or `closed` cancels it.
    timer = loop.schedule(at: due) { self.check() }
  }

  private func requestFlush() {
    guard !isFlushRequested else { return }
    isFlushRequested = true
    tcp.requestFlush()
  }

  private func check() {
    timer = nil
    guard isOpen else { return }
    switch lifetime.verdict(now: loop.now, streamCount: session.streamCount, progress: session.progress) {
    case .wait: break
    case .ping: session.ping()
    case .finishDraining: session.finishDraining()
    case .drain: drain()
    case .handshakeTimeout:
      session.terminate(.settingsTimeout)
      return closeAfterFlush(.handshakeTimeout)
    case .keepaliveTimeout: return close(.keepaliveTimeout)
    }
    scheduleCheck()
  }
}

extension HTTP2Connection: TCPConnectionDelegate {
  /// Also for bytes that were read before the protocol was known.
  public func received(_ bytes: RawSpan, from tcp: TCPConnection) {
    guard closeReason == nil else { return }
    lifetime.received(now: loop.now)
    do throws(HTTP2Error) {
      try session.receive(bytes, at: loop.now)
    } catch {
      switch error {
      case .notHTTP2: close(.notHTTP2)
      case .terminated(let code): closeAfterFlush(.protocolError(code))
      case .cannotOpenStream, .outOfMemory: closeAfterFlush(.protocolError(.internalError))
      }
      return
    }
    if session.hasOutput { requestFlush() }
    if session.isSweepNeeded || session.isWithinHeaderBlock { requestSweep() }
    closeIfFinished()
  }

  public func willFlush(_ tcp: TCPConnection) {
    guard closeReason == nil else { return }
    session.now = loop.now
    writeOutput()
    if !session.waitingForRoom.isEmpty, session.hasRoomForReply {
      session.resumeWaiting()
      writeOutput()
    }
    chargeOutput()
    if session.unreadByteCount > 0 || chargedByteCount > 0 { requestSweep() }
    // Only now: what is asked for in between was written with the rest.
    isFlushRequested = false
    closeIfFinished()
  }

  /// Small frames are gathered, so that the socket's buffer is reached for once for many of them.
  private func writeOutput() {
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { gathered in
      var count = 0
      var waiting = tcp.bufferedBytes
      while waiting < session.limits.connectionOutputByteCount {
        let more = session.nextOutput { frame in
          waiting += frame.count
          if count + frame.count > gathered.count {
            write(UnsafeRawBufferPointer(rebasing: gathered[..<count]))
            count = 0
          }
          guard frame.count <= gathered.count else { return write(frame) }
          UnsafeMutableRawBufferPointer(rebasing: gathered[count..<count + frame.count]).copyMemory(from: frame)
          count += frame.count
        }
        guard more else { break }
      }
      write(UnsafeRawBufferPointer(rebasing: gathered[..<count]))
    }
  }

  /// Takes account of what waits for the socket.
  private func chargeOutput() {
    let change = tcp.bufferedBytes - chargedByteCount
    chargedByteCount += change
    session.charge(change)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    writtenByteCount += bytes.count
    tcp.write(bytes)
  }

  public func drained(_ tcp: TCPConnection) {
    chargeOutput()
    if closeReason == nil, session.hasOutput { requestFlush() }
  }

  public func inputClosed(_ tcp: TCPConnection) {
    // A peer that sends no more cannot acknowledge anything either: HTTP/2 has no use for half a connection.
    if closeReason == nil { closeReason = session.streamCount == 0 ? .orderly : .transport(.connectionReset) }
    tcp.close()
  }

  public func idleSince(_ tcp: TCPConnection) -> Instant? {
    // One that only waits for the peer to close serves nobody.
    if closeReason != nil { return Instant(nanoseconds: .min) }
    return session.streamCount == 0 ? lifetime.idleSince : nil
  }

  /// The GOAWAY tells the peer which of the requests it may have sent meanwhile were not seen, so that it can send them elsewhere.
  public func closeIdle(_ tcp: TCPConnection) {
    if closeReason == nil {
      session.finishDraining()
      while session.nextOutput({ tcp.write($0) }) {}
      closeReason = .orderly
      tcp.flush()
    }
    tcp.close()
  }

  public func closed(_ tcp: TCPConnection, error: ReactorError?) {
    if let timer { loop.cancel(timer) }
    timer = nil
    if let sweepTimer { loop.cancel(sweepTimer) }
    sweepTimer = nil
    session.charge(-chargedByteCount)
    chargedByteCount = 0
    let reason = closeReason ?? .transport(error)
    closeReason = reason
    session.abandon()
    session.delegate = nil
    let told = delegate
    delegate = nil
    told?.closed(self, reason: reason)
  }
}

extension HTTP2Connection: HTTP2SessionDelegate {
  public func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    lifetime.busy()
    delegate?.request(stream, fields: fields, endsStream: endsStream, on: self)
  }

  public func requestTooLarge(_ stream: HTTP2Stream) {
    delegate?.requestTooLarge(stream, on: self)
  }

  public func settingsReceived() {
    guard !lifetime.isEstablished else {
      delegate?.settingsChanged(self)
      return
    }
    lifetime.established()
    delegate?.ready(self)
    scheduleCheck()
  }

  public func pingAcknowledged() {
    if lifetime.pingAcknowledged(), isDraining { session.finishDraining() }
    scheduleCheck()
  }

  public func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode) {
    isDraining = true
    delegate?.goAwayReceived(lastStreamID: lastStreamID, code: code, on: self)
  }

  public func streamForgotten() {
    if session.streamCount == 0 {
      lifetime.idle(now: loop.now)
      if isDraining { requestFlush() }
    }
    // What the stream held is free: a request that waited for it begins in the flush.
    if !session.waitingForRoom.isEmpty, session.hasRoomForReply { requestFlush() }
    delegate?.streamClosed(on: self)
  }

  public func outputReady() {
    requestFlush()
  }
}

extension SocketAddress {
  /// The machine, as far as an address tells it.
  var withoutPort: SocketAddress {
    switch self {
    case .ipv4(let address, _): .ipv4(address, port: 0)
    case .ipv6(let high, let low, _): .ipv6(high, low, port: 0)
    case .unix: self
    }
  }
}
