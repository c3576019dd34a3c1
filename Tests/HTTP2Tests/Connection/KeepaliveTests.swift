import Reactor
import Testing

@testable import HTTP2

/// A client's PINGs as a server of gRPC C++ or Go judges them: two that come too early are forgiven, the third ends the connection.
private struct PingPolice {
  private var last: Instant?
  private(set) var strikes = 0

  mutating func ping(at now: Instant, streams: Int) {
    let pause: Duration = streams > 0 ? .seconds(300) : .seconds(7200)
    if let last, now < last.advanced(by: pause) { strikes += 1 }
    last = now
  }

  /// It has sent something for a stream.
  mutating func sent() {
    last = nil
    strikes = 0
  }
}

@Suite("Signs of life")
struct KeepaliveTests {
  /// Lets a quiet connection live for a day of the clock and answers its PINGs at once.
  private func pings(
    role: HTTP2Session.Role, limits: HTTP2Limits = HTTP2Limits(), streams: Int, sendsEvery: Duration? = nil
  ) -> (count: Int, strikes: Int) {
    var now = Instant(nanoseconds: 1)
    let end = now.advanced(by: .seconds(86_400))
    var lifetime = ConnectionLifetime(role: role, limits: limits, now: now)
    lifetime.established()
    if streams > 0 { lifetime.busy() }
    var police = PingPolice()
    var count = 0
    var progress = 0
    var nextSent = sendsEvery.map { now.advanced(by: $0) }
    while now < end {
      guard let due = lifetime.nextCheck(now: now, progress: progress) else { break }
      now = max(due, now.advanced(by: .milliseconds(1)))
      if let sent = nextSent, sent <= now {
        progress += 1
        lifetime.received(now: sent)
        police.sent()
        nextSent = sendsEvery.map { now.advanced(by: $0) }
      }
      if lifetime.verdict(now: now, streamCount: streams, progress: progress) == .ping {
        count += 1
        police.ping(at: now, streams: streams)
        now = now.advanced(by: .milliseconds(1))
        lifetime.received(now: now)
        _ = lifetime.pingAcknowledged()
      }
    }
    return (count, police.strikes)
  }

  private var patient: HTTP2Limits {
    var limits = HTTP2Limits()
    limits.idleTimeout = nil
    return limits
  }

  @Test("a client without calls sends no PING unless it is told to")
  func idleClient() {
    #expect(pings(role: .client, limits: patient, streams: 0).count == 0)
    var limits = patient
    limits.keepaliveWithoutStreams = true
    #expect(pings(role: .client, limits: limits, streams: 0).count > 100)
  }

  @Test(
    "a client with a quiet call asks, but no more often than servers of other make put up with",
    arguments: [
      nil, Duration.seconds(1), .seconds(40), .seconds(299), .seconds(1000),
    ])
  func quietCall(sendsEvery: Duration?) {
    let (count, strikes) = pings(role: .client, limits: patient, streams: 1, sendsEvery: sendsEvery)
    #expect(strikes == 0)
    if sendsEvery != .seconds(1) { #expect(count > 80) }
  }

  @Test("the first question comes after the interval, also the one after something has come")
  func first() {
    let start = Instant(nanoseconds: 0)
    var lifetime = ConnectionLifetime(role: .client, limits: patient, now: start)
    lifetime.established()
    lifetime.busy()
    #expect(lifetime.nextCheck(now: start, progress: 0) == start.advanced(by: .seconds(30)))
    #expect(lifetime.verdict(now: start.advanced(by: .seconds(30)), streamCount: 1, progress: 0) == .ping)
    lifetime.received(now: start.advanced(by: .seconds(31)))
    _ = lifetime.pingAcknowledged()
    #expect(lifetime.verdict(now: start.advanced(by: .seconds(62)), streamCount: 1, progress: 0) == .wait)
    #expect(lifetime.verdict(now: start.advanced(by: .seconds(62)), streamCount: 1, progress: 1) == .ping)
  }

  @Test("a client's question that is not answered ends the connection")
  func unanswered() {
    let start = Instant(nanoseconds: 0)
    var lifetime = ConnectionLifetime(role: .client, limits: patient, now: start)
    lifetime.established()
    #expect(lifetime.verdict(now: start.advanced(by: .seconds(30)), streamCount: 1, progress: 0) == .ping)
    #expect(lifetime.verdict(now: start.advanced(by: .seconds(40)), streamCount: 1, progress: 0) == .keepaliveTimeout)
  }

  @Test("a drain does not wait for a peer that has not spoken")
  func silentPeer() {
    let start = Instant(nanoseconds: 0)
    var lifetime = ConnectionLifetime(role: .server, limits: patient, now: start)
    lifetime.drainStarted(now: start)
    let due = lifetime.nextCheck(now: start, progress: 0)
    #expect(due == start.advanced(by: .seconds(1)))
    #expect(lifetime.verdict(now: start.advanced(by: .seconds(1)), streamCount: 0, progress: 0) == .finishDraining)
    #expect(lifetime.nextCheck(now: start, progress: 0) == start.advanced(by: patient.handshakeTimeout))
  }

  @Test("a server asks every quiet connection")
  func server() {
    #expect(pings(role: .server, limits: patient, streams: 0).count > 2000)
  }
}
