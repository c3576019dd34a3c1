internal import Reactor

/// Why a stream is given up.
public enum HTTP2StreamExcess: Sendable, Hashable {
  /// The request, or a message that has begun, is not complete in time.
  case requestTooSlow
  /// The peer does not read the reply in time.
  case replyUnread
  /// The client has too many requests that are not complete.
  case tooManyRequests
  /// The connection or the server holds as many bytes as it may.
  case noRoom
}

/// What a session holds for its peer, and for how long. The limits are those of a server; a client's session counts only.
extension HTTP2Session {
  func charge(_ change: Int) {
    heldByteCount += change
    budget?.charge(change)
  }

  /// Whether another reply may be made, as far as the peer reads those it has.
  var hasRoomForReply: Bool { unreadByteCount <= limits.unreadReplyByteCount }

  /// Runs `body` once the peer has read enough of the replies it has, in the order of the calls; never when the stream ends before.
  func whenReplyFits(_ stream: HTTP2Stream, _ body: @escaping () -> Void) {
    guard stream.isOpen else { return }
    stream.whenRoom = body
    waitingForRoom.append(stream)
  }

  /// Goes on with requests that waited until replies were read. Not from within the engine's callbacks.
  func resumeWaiting() {
    while !isAbandoned, hasRoomForReply, let next = waitingForRoom.first {
      waitingForRoom.removeFirst()
      next.whenRoom.take()?()
    }
  }

  // MARK: - Room

  /// Makes room after `stream` has taken some. False when there is none.
  func makeRoom(for stream: HTTP2Stream) -> Bool {
    guard role == .server else { return true }
    if heldByteCount > limits.heldByteCount {
      _ = evict(toFree: heldByteCount - limits.heldByteCount, sparing: stream)
    }
    if let budget, budget.isOverdrawn { budget.makeRoom(sparing: stream) }
    return heldByteCount <= limits.heldByteCount && budget?.isOverdrawn != true
  }

  /// A promise of room has ended: others may take its place.
  func keepPromises() {
    guard !isAbandoned else { return }
    for stream in streams.filter({ $0.withheldByteCount > 0 }).sorted(by: { $0.id < $1.id }) {
      _ = stream.keepPromise()
    }
  }

  /// Gives up the slowest streams. Answers how many.
  func evict(toFree byteCount: Int, sparing spared: HTTP2Stream?, idleSince: Instant? = nil) -> Int {
    guard role == .server, !isAbandoned else { return 0 }
    var candidates: [Eviction.Candidate] = []
    for (index, stream) in streams.enumerated() where stream !== spared && stream.isEvictable {
      if let idleSince, stream.lastMoved > idleSince { continue }
      candidates.append(.init(index: index, byteCount: stream.heldByteCount, lastMoved: stream.lastMoved))
    }
    let victims = Eviction.victims(candidates, toFree: byteCount).map { streams[$0] }
    for stream in victims { stream.giveUp(.noRoom) }
    return victims.count
  }

  // MARK: - Time

  /// How often what peers owe is looked at.
  var sweepInterval: Duration {
    min(.seconds(1), min(limits.requestTimeout, limits.replyTimeout, limits.headerBlockTimeout) / 4)
  }

  /// Looks at what the peer owes and gives up the streams that are too slow. `isSweepNeeded` afterwards while something is owed.
  func sweep(at now: Instant) {
    isSweepNeeded = false
    guard role == .server, !isAbandoned else { return }
    let request = PaceRule(timeout: limits.requestTimeout, bytesPerSecond: limits.slowestBytesPerSecond)
    let reply = PaceRule(timeout: limits.replyTimeout, bytesPerSecond: limits.slowestBytesPerSecond)
    var overdue: [(HTTP2Stream, HTTP2StreamExcess)] = []
    for stream in streams {
      if let excess = stream.excess(at: now, request: request, reply: reply) { overdue.append((stream, excess)) }
      if stream.owesRequest || stream.bufferedByteCount > 0 { isSweepNeeded = true }
    }
    receivedSinceSweep = 0
    for (stream, excess) in overdue { stream.giveUp(excess) }
    budget?.countWaiting(streams.count { $0.owesRequest }, of: self)
    // A burst of replies may go beyond the bound for a moment, because only time tells a peer that is about to read from one that is not.
    if heldByteCount > limits.heldByteCount {
      _ = evict(
        toFree: heldByteCount - limits.heldByteCount, sparing: nil, idleSince: now.advanced(by: .zero - sweepInterval))
    }
  }

  /// Whether the bytes so far end within a header block.
  var isWithinHeaderBlock: Bool { frames.isWithinHeaderBlock }

  /// Whether a header block that had begun by the last sweep is still not complete although its time is over.
  func isHeaderBlockOverdue(at now: Instant) -> Bool {
    let isSame = frames.headerBlockCount == sweptHeaderBlock
    sweptHeaderBlock = frames.headerBlockCount
    return headerPace.isOverdue(
      isOwed: isSame && frames.isWithinHeaderBlock, moved: 0, at: now,
      rule: PaceRule(timeout: limits.headerBlockTimeout, bytesPerSecond: 1))
  }
}
