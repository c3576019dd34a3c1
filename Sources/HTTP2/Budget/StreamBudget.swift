internal import CNghttp2
internal import Reactor

extension HTTP2Stream {
  /// Bytes that are held for this stream: its header fields, what was held of its body, and what was written and has not been read.
  public var heldByteCount: Int { fieldByteCount + heldBodyByteCount + bufferedByteCount }

  /// Whether the peer is to send something now.
  var owesRequest: Bool { !hasPeerEnded && isRequestDue }

  /// Whether giving it up ends something that waits for the peer, and not only for a handler.
  var isEvictable: Bool { owesRequest || heldBodyByteCount > 0 || bufferedByteCount > 0 }

  /// Takes account of bytes of the body that are kept. Slower streams are given up where they find no room.
  /// - Returns: false when there is no room all the same: give up the stream.
  public func hold(_ byteCount: Int) -> Bool {
    guard isOpen else { return true }
    heldBodyByteCount += byteCount
    session.charge(byteCount)
    return session.makeRoom(for: self)
  }

  /// Takes account of held bytes that are kept no longer.
  public func release(_ byteCount: Int) {
    guard isOpen else { return }
    let count = min(byteCount, heldBodyByteCount)
    heldBodyByteCount -= count
    session.charge(-count)
    if heldBodyByteCount == 0 { endPromise() }
  }

  /// Gives window back for bytes of a message that is as long as said. A message that does not fit into the window gets more of it when the
  /// connection has room for all of it, in the order of the streams: so messages that would not all fit arrive one after the other.
  public func consume(_ byteCount: Int, ofMessage messageByteCount: Int) {
    guard isOpen, !hasPeerEnded else { return }
    withheldByteCount += byteCount
    expectedByteCount = messageByteCount
    if !keepPromise() { session.isSweepNeeded = true }
  }

  /// Gives back the window that is withheld, if there is room for what is expected.
  func keepPromise() -> Bool {
    if session.role == .server, expectedByteCount > max(promisedByteCount, session.limits.streamWindowByteCount) {
      let others = session.promisedByteCount - promisedByteCount
      guard others == 0 || others + expectedByteCount <= session.limits.heldByteCount else { return false }
      promise(expectedByteCount)
    }
    let byteCount = withheldByteCount
    withheldByteCount = 0
    if byteCount > 0 { releaseWindow(byteCount) }
    return true
  }

  private func promise(_ byteCount: Int) {
    session.promisedByteCount += byteCount - promisedByteCount
    promisedByteCount = byteCount
  }

  private func endPromise() {
    guard promisedByteCount > 0 else { return }
    promise(0)
    session.keepPromises()
  }

  /// Server: whether another reply may be made now, as far as the peer reads those it has. Where it may not, begin with the request in
  /// `whenReplyFits`.
  public var hasRoomForReply: Bool { session.hasRoomForReply }

  /// Server: runs `body` when the peer has read enough of its replies. The stream may be over by then.
  public func whenReplyFits(_ body: @escaping () -> Void) { session.whenReplyFits(self, body) }

  // MARK: - Called by the session and the stream itself

  /// What an open stream costs beside its fields and its body.
  private static let fixedByteCount = 1024

  /// The header block of a request is complete.
  func requestArrived(byteCount: Int, endsStream: Bool) {
    fieldByteCount = Self.fixedByteCount + byteCount
    lastMoved = session.now
    session.charge(fieldByteCount)
    if !endsStream { session.isSweepNeeded = true }
    _ = session.makeRoom(for: self)
  }

  func bodyArrived(_ byteCount: Int) {
    receivedByteCount += byteCount
    session.receivedSinceSweep += byteCount
    lastMoved = session.now
  }

  func outputGrew(by byteCount: Int) {
    session.unreadByteCount += byteCount
    session.charge(byteCount)
    if let budget = session.budget, budget.isOverdrawn { budget.makeRoom(sparing: self) }
  }

  func outputShrank(by byteCount: Int) {
    session.unreadByteCount -= byteCount
    session.charge(-byteCount)
    sentByteCount += byteCount
    lastMoved = session.now
  }

  /// The stream is over.
  func releaseEverything() {
    session.unreadByteCount -= bufferedByteCount
    session.charge(-heldByteCount)
    fieldByteCount = 0
    heldBodyByteCount = 0
    endPromise()
  }

  func excess(at now: Instant, request: PaceRule, reply: PaceRule) -> HTTP2StreamExcess? {
    // A message that has no window yet waits for other streams of its connection: what they receive counts for it.
    if withheldByteCount > 0 { receivedByteCount += session.receivedSinceSweep }
    let isRequestOverdue = requestPace.isOverdue(isOwed: owesRequest, moved: receivedByteCount, at: now, rule: request)
    let isReplyOverdue = replyPace.isOverdue(isOwed: bufferedByteCount > 0, moved: sentByteCount, at: now, rule: reply)
    return isReplyOverdue ? .replyUnread : isRequestOverdue ? .requestTooSlow : nil
  }

  /// Tells the delegate, which ends the stream. What it leaves held is dropped; an answer of its own goes out where nothing waits before it.
  func giveUp(_ excess: HTTP2StreamExcess) {
    guard isOpen else { return }
    isRequestDue = false
    let isUnread = bufferedByteCount > 0
    if let delegate { delegate.exceeded(self, excess) } else { reset(.enhanceYourCalm) }
    release(heldBodyByteCount)
    if isUnread { reset(.enhanceYourCalm) }
  }
}
