internal import Reactor

/// What the clock demands of a connection: handshake, idleness, signs of life, the pause within a drain. Pure: told the time.
///
/// A client asks for signs of life by the rules of gRPC's proposal A8: only while it has streams, unless it is told otherwise, and no more
/// often than servers put up with. Those of gRPC C++ and Go end a connection (`too_many_pings`) that sends more than two PINGs in a row
/// less than five minutes apart while they have sent nothing; so a client's second PING in a row waits that long.
struct ConnectionLifetime {
  enum Verdict: Equatable {
    case wait
    case ping
    case finishDraining
    /// Idle for too long.
    case drain
    case handshakeTimeout
    case keepaliveTimeout
  }

  private let role: HTTP2Session.Role
  private let limits: HTTP2Limits
  private let start: Instant
  private(set) var isEstablished = false
  private var lastReceived: Instant
  /// Since when no stream has been open; nil while one is.
  private(set) var idleSince: Instant?
  private var pingSent: Instant?
  /// The last PING, answered or not, and how much of streams had arrived by then.
  private var lastPing: Instant?
  private var progressAtLastPing = 0
  private var drainStart: Instant?

  /// How long requests on their way get when the peer does not answer the PING of a drain.
  private static let drainPause = Duration.seconds(1)

  /// The time between a client's PINGs in a row that servers of other make put up with: their five minutes, and a little.
  static let pause = Duration.seconds(305)

  init(role: HTTP2Session.Role, limits: HTTP2Limits, now: Instant) {
    self.role = role
    self.limits = limits
    start = now
    lastReceived = now
    idleSince = now
  }

  mutating func received(now: Instant) { lastReceived = now }
  mutating func established() { isEstablished = true }
  mutating func busy() { idleSince = nil }
  mutating func idle(now: Instant) { idleSince = now }
  mutating func drainStarted(now: Instant) { drainStart = now }

  /// Answers true when it ends the pause of a drain.
  mutating func pingAcknowledged() -> Bool {
    pingSent = nil
    defer { drainStart = nil }
    return drainStart != nil
  }

  /// When the peer is to be asked for a sign of life, if nothing arrives until then.
  private func nextPing(progress: Int) -> Instant? {
    guard let interval = limits.keepaliveInterval else { return nil }
    let due = lastReceived.advanced(by: interval)
    guard role == .client, let lastPing, progress == progressAtLastPing else { return due }
    return max(due, lastPing.advanced(by: max(interval, Self.pause)))
  }

  /// When `verdict` should be asked next.
  /// - Parameter progress: grows with all that arrives for streams.
  func nextCheck(now: Instant, progress: Int) -> Instant? {
    var due: [Instant] = []
    if let drainStart { due.append(drainStart.advanced(by: Self.drainPause)) }
    guard isEstablished else { return (due + [start.advanced(by: limits.handshakeTimeout)]).min() }
    if let pingSent {
      due.append(pingSent.advanced(by: limits.keepaliveTimeout))
    } else if let ping = nextPing(progress: progress) {
      // A client without streams is looked at again later: nothing is rescheduled for each call.
      due.append(ping > now ? ping : now.advanced(by: limits.keepaliveInterval ?? .zero))
    }
    if let timeout = limits.idleTimeout {
      // A connection that is busy now is looked at again later: nothing is rescheduled for each request.
      due.append((idleSince ?? now).advanced(by: timeout))
    }
    return due.min()
  }

  /// - Parameter progress: grows with all that arrives for streams.
  mutating func verdict(now: Instant, streamCount: Int, progress: Int) -> Verdict {
    // A drain waits no longer for a peer that has not spoken than for any other.
    if let pause = drainStart, now >= pause.advanced(by: Self.drainPause) {
      drainStart = nil
      return .finishDraining
    }
    guard isEstablished else {
      return now >= start.advanced(by: limits.handshakeTimeout) ? .handshakeTimeout : .wait
    }
    if let sent = pingSent {
      if lastReceived > sent {
        pingSent = nil
      } else if now >= sent.advanced(by: limits.keepaliveTimeout) {
        return .keepaliveTimeout
      }
    }
    if streamCount == 0, let idleSince, let timeout = limits.idleTimeout, now >= idleSince.advanced(by: timeout) {
      self.idleSince = now
      return .drain
    }
    let mayPing = role == .server || streamCount > 0 || limits.keepaliveWithoutStreams
    if mayPing, pingSent == nil, let due = nextPing(progress: progress), now >= due {
      pingSent = now
      lastPing = now
      progressAtLastPing = progress
      return .ping
    }
    return .wait
  }
}
