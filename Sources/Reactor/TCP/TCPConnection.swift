internal import Glibc

/// Told on the loop's thread what happens on a connection. The delegate usually owns the protocol state of the connection.
public protocol TCPConnectionDelegate: AnyObject {
  /// Bytes arrived. They lie in the loop's shared read buffer and are gone when this returns.
  func received(_ bytes: RawSpan, from connection: TCPConnection)
  /// Called at most once a turn, before the output is written: append what is pending.
  func willFlush(_ connection: TCPConnection)
  /// Everything written so far is with the kernel.
  func drained(_ connection: TCPConnection)
  /// The peer will send no more. The default closes the connection when the output is written.
  func inputClosed(_ connection: TCPConnection)
  /// The connection is over; called exactly once. `error` is nil for an orderly end.
  func closed(_ connection: TCPConnection, error: ReactorError?)
  /// Since when nobody has waited for anything on this connection; nil while somebody does. An idle connection may be closed to make room
  /// for another one (see `ConnectionBudget`). The default is never idle.
  func idleSince(_ connection: TCPConnection) -> Instant?
  /// Ends an idle connection now: it must be closed when this returns. The default closes it without a word.
  func closeIdle(_ connection: TCPConnection)
}

extension TCPConnectionDelegate {
  public func willFlush(_ connection: TCPConnection) {}
  public func drained(_ connection: TCPConnection) {}
  public func inputClosed(_ connection: TCPConnection) { connection.closeAfterFlush() }
  public func idleSince(_ connection: TCPConnection) -> Instant? { nil }
  public func closeIdle(_ connection: TCPConnection) { connection.close() }
}

/// A stream connection on an event loop: one read a wake-up, one write a turn, and a bounded output buffer. Loop-bound: every member is to be
/// used on `loop`'s thread. The loop keeps an open connection and its delegate alive until `closed`.
public final class TCPConnection: ReadinessHandler, Flushable {
  public let loop: EventLoop
  public let remoteAddress: SocketAddress
  // Exclusivity is unchecked: one thread only (`flush`, `write`'s `requestFlush` and `finish` check it), and none of these is lent to code that
  // may come back here: the transport does not, and the delegate is called when they have been read or changed.

  /// Most bytes that may wait for a peer that does not read; one more byte closes the connection.
  @exclusivity(unchecked) public var maximumBufferedBytes = 64 * 1024 * 1024
  /// Retained until `closed` has been called.
  @exclusivity(unchecked) public var delegate: (any TCPConnectionDelegate)?

  /// What has let this connection in, and counts it.
  var listener: TCPListener?
  /// The connection's place in the loop's `accepted`.
  var acceptedIndex = -1

  private let transport: Transport
  @exclusivity(unchecked) private var watch: Watch?
  @exclusivity(unchecked) private var interest: Interest = [.read, .inputClosed]
  @exclusivity(unchecked) private var output: OutputBuffer?
  @exclusivity(unchecked) private var state = State.open
  @exclusivity(unchecked) private var flushRequested = false
  @exclusivity(unchecked) private var inputEnded = false
  @exclusivity(unchecked) private var outputEnd = OutputEnd.open

  private enum OutputEnd {
    case open
    case asked
    case sent
  }

  private enum State {
    case open
    case closingAfterFlush
    case closed
  }

  /// Takes over a connected, non-blocking socket. Nothing is read before `delegate` is set and the loop's next turn.
  convenience init(loop: EventLoop, descriptor: Int32, remoteAddress: SocketAddress) throws(ReactorError) {
    self.init(loop: loop, transport: .socket(descriptor), remoteAddress: remoteAddress)
    var yes: Int32 = 1
    if remoteAddress.family != AF_UNIX {
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
      setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, 4)
    }
    do throws(ReactorError) {
      watch = try loop.watch(descriptor, for: interest, self)
    } catch {
      transport.close()
      state = .closed
      throw error
    }
    loop.connectionOpened()
  }

  convenience init(loop: EventLoop, memory endpoint: MemoryEndpoint, remoteAddress: SocketAddress) {
    self.init(loop: loop, transport: .memory(endpoint), remoteAddress: remoteAddress)
    watch = endpoint.watch(for: interest, self)
    loop.connectionOpened()
  }

  private init(loop: EventLoop, transport: Transport, remoteAddress: SocketAddress) {
    self.loop = loop
    self.transport = transport
    self.remoteAddress = remoteAddress
  }

  /// Where this side is bound.
  public var localAddress: SocketAddress { transport.localAddress }

  public var isOpen: Bool { state == .open }

  /// Bytes that wait for the socket to take them.
  public var bufferedBytes: Int { output?.count ?? 0 }

  // MARK: - Writing

  /// Appends bytes to the output; they are written at the end of this turn. Ignored once the connection is closing.
  public func write(_ bytes: UnsafeRawBufferPointer) {
    guard state == .open, outputEnd == .open, bytes.count > 0 else { return }
    if output == nil { output = loop.outputBuffers.take() }
    output?.append(bytes)
    requestFlush()
    if bufferedBytes > maximumBufferedBytes { finish(.outputLimitExceeded(byteCount: bufferedBytes)) }
  }

  public func write(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { write($0) }
  }

  public func write(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { write($0) }
  }

  /// Asks for `willFlush` and a write at the end of this turn.
  public func requestFlush() {
    loop.preconditionCurrent()
    guard !flushRequested, state != .closed else { return }
    flushRequested = true
    loop.flushLater(self)
  }

  public func flush() {
    guard state != .closed else { return }
    if state == .open { delegate?.willFlush(self) }
    // Only now, so that what the delegate writes needs no second turn.
    flushRequested = false
    writeOut()
  }

  private func writeOut() {
    guard state != .closed else { return }
    guard output != nil else { return outputEmpty(wrote: false) }
    while let count = output?.count, count > 0 {
      let written = output?.withPending { transport.send($0) } ?? 0
      if written > 0 {
        output?.removeFirst(written)
      } else {
        let code = Int32(-written)
        if code == EINTR { continue }
        if code == EAGAIN { return setInterest(interest.union(.write)) }
        return finish(code == EPIPE || code == ECONNRESET ? .connectionReset : .systemCall(name: "send", code: code))
      }
    }
    outputEmpty(wrote: true)
  }

  private func outputEmpty(wrote: Bool) {
    if let buffer = output.take() { loop.outputBuffers.giveBack(buffer) }
    setInterest(interest.subtracting(.write))
    if state == .closingAfterFlush { return finish(nil) }
    if outputEnd == .asked {
      outputEnd = .sent
      transport.endOutput()
    }
    if wrote { delegate?.drained(self) }
  }

  // MARK: - Reading

  /// Stops reading: the peer is slowed by TCP once the kernel's buffer is full.
  public func pauseReading() {
    setInterest(interest.subtracting([.read, .inputClosed]))
  }

  public func resumeReading() {
    guard !inputEnded else { return }
    setInterest(interest.union([.read, .inputClosed]))
  }

  public func ready(_ events: Interest) {
    if events.contains(.write) { writeOut() }
    guard state != .closed else { return }
    if events.contains(.read), interest.contains(.read) {
      readOnce()
    } else if events.contains(.error) || events.contains(.hangup) {
      finish(pendingError())
    } else if events.contains(.inputClosed), interest.contains(.inputClosed) {
      endInput()
    }
  }

  private func readOnce() {
    let buffer = loop.readBuffer
    let count = transport.receive(into: buffer)
    if count > 0 {
      guard state == .open else { return }
      delegate?.received(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes, from: self)
    } else if count == 0 {
      endInput()
    } else {
      let code = Int32(-count)
      guard code != EAGAIN, code != EINTR else { return }
      finish(code == ECONNRESET ? .connectionReset : .systemCall(name: "recv", code: code))
    }
  }

  private func endInput() {
    guard !inputEnded else { return }
    inputEnded = true
    setInterest(interest.subtracting([.read, .inputClosed]))
    if state == .open { delegate?.inputClosed(self) } else { finish(nil) }
  }

  private func pendingError() -> ReactorError? {
    switch transport.pendingError() {
    case 0: nil
    case ECONNRESET, EPIPE: .connectionReset
    case let code: .systemCall(name: "socket", code: code)
    }
  }

  // MARK: - Closing

  /// Closes now; unwritten output is dropped. `closed` is called before this returns.
  public func close() {
    finish(nil)
  }

  /// Closes once the output written so far is with the kernel, however long that takes: give slow readers a timer of your own.
  public func closeAfterFlush() {
    guard state == .open else { return }
    delegate?.willFlush(self)
    guard state == .open else { return }
    state = .closingAfterFlush
    if !flushRequested {
      flushRequested = true
      loop.flushLater(self)
    }
  }

  /// Sends the peer the end of our output once what was written is with the kernel, and goes on reading. An answer given while the
  /// peer still sends survives this way: closing with unread input makes the kernel throw away what the peer has not read.
  public func endOutput() {
    guard state == .open, outputEnd == .open else { return }
    outputEnd = .asked
    requestFlush()
  }

  private func finish(_ error: ReactorError?) {
    loop.preconditionCurrent()
    guard state != .closed else { return }
    state = .closed
    if let watch { loop.unwatch(watch) }
    watch = nil
    transport.close()
    loop.connectionClosed()
    listener.take()?.closed(self)
    if let buffer = output.take() { loop.outputBuffers.giveBack(buffer) }
    let told = delegate
    delegate = nil
    told?.closed(self, error: error)
  }

  private func setInterest(_ wanted: Interest) {
    guard wanted != interest, let watch else { return }
    interest = wanted
    transport.modify(watch, on: loop, for: wanted)
  }
}

extension SocketAddress {
  static func local(of descriptor: Int32) -> SocketAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    _ = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return SocketAddress(storage)
  }
}
