internal import Reactor

/// What the clock demands of a connection: handshake, idleness, signs of life, the pause within a drain. Pure: told the time.
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

  private let limits: HTTP2Limits
  private let start: Instant
  private(set) var isEstablished = false
  private var lastReceived: Instant
  private var idleSince: Instant?
  private var pingSent: Instant?
  private var drainStart: Instant?

  /// How long requests on their way get when the peer does not answer the PING of a drain.
  private static let drainPause = Duration.seconds(1)

  init(limits: HTTP2Limits, now: Instant) {
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

  /// When `verdict` should be asked next.
  func nextCheck(now: Instant) -> Instant? {
    guard isEstablished else { return start.advanced(by: limits.handshakeTimeout) }
    var due: [Instant] = []
    if let drainStart { due.append(drainStart.advanced(by: Self.drainPause)) }
    if let pingSent {
      due.append(pingSent.advanced(by: limits.keepaliveTimeout))
    } else if let interval = limits.keepaliveInterval {
      due.append(lastReceived.advanced(by: interval))
    }
    if let timeout = limits.idleTimeout {
      // A connection that is busy now is looked at again later: nothing is rescheduled for each request.
      due.append((idleSince ?? now).advanced(by: timeout))
    }
    return due.min()
  }

  mutating func verdict(now: Instant, streamCount: Int) -> Verdict {
    guard isEstablished else {
      return now >= start.advanced(by: limits.handshakeTimeout) ? .handshakeTimeout : .wait
    }
    if let pause = drainStart, now >= pause.advanced(by: Self.drainPause) {
      drainStart = nil
      return .finishDraining
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
    if pingSent == nil, let interval = limits.keepaliveInterval, now >= lastReceived.advanced(by: interval) {
      pingSent = now
      return .ping
    }
    return .wait
  }
}
