import Reactor
import Synchronization
import Testing

@Suite("The manual clock")
struct ManualClockTests {
  @Test("fires timers in order, at their own moments, and those that are set on the way")
  func timers() async throws {
    let clock = ManualClock(start: Instant(nanoseconds: 0))
    let group = try EventLoopGroup(count: 1, clock: clock)
    defer { group.stop() }
    let loop = group.loops[0]
    let fired = Mutex<[Int64]>([])
    let note: @Sendable () -> Void = { fired.withLock { $0.append(loop.now.nanoseconds / 1_000_000_000) } }
    loop.execute {
      loop.schedule(after: .seconds(30)) { note() }
      loop.schedule(at: Instant(nanoseconds: 20_000_000_000)) {
        note()
        loop.schedule(after: .seconds(5)) { note() }
      }
      loop.schedule(after: .seconds(1000)) { note() }
    }
    await clock.advance(by: .seconds(19))
    #expect(fired.withLock { $0 } == [])
    await clock.advance(by: .seconds(100))
    #expect(fired.withLock { $0 } == [20, 25, 30])
    #expect(clock.now == Instant(nanoseconds: 119_000_000_000))
  }

  @Test("an hour of sleep, deadlines and the loop's time pass at once")
  func sleepAndDeadline() async throws {
    let clock = ManualClock()
    let group = try EventLoopGroup(count: 2, clock: clock)
    defer { group.stop() }
    let start = clock.now
    let sleepers = group.loops.map { loop in
      Task(executorPreference: loop) {
        let deadline = Deadline.after(.seconds(1800))
        let isEarly = !deadline.hasPassed && deadline.remaining == .seconds(1800)
        try await loop.sleep(for: .seconds(3600))
        return isEarly && deadline.hasPassed && loop.now == Instant.now() && loop.now == clock.now
      }
    }
    let outside = Task { try await group.loops[0].sleep(for: .seconds(3599)) }
    // Until all three have set their timers.
    while group.loops.reduce(0, { $0 + $1.statistics().timers }) < 3 { await clock.settle() }
    await clock.advance(by: .seconds(3600))
    for sleeper in sleepers { #expect(try await sleeper.value) }
    try await outside.value
    #expect(start.duration(to: clock.now) == .seconds(3600))
    #expect(clock.deadline(after: .seconds(2)).instant == clock.now.advanced(by: .seconds(2)))
  }

  @Test("what becomes ready at a stop is done before the clock moves on, over sockets too")
  func settles() async throws {
    let clock = ManualClock(start: Instant(nanoseconds: 0))
    let group = try EventLoopGroup(count: 2, clock: clock)
    defer { group.stop() }
    let seen = Mutex<[Int64]>([])
    let (server, client) = (group.loops[0], group.loops[1])
    let listener = try await Task(executorPreference: server) {
      let listener = try TCPListener(loop: server, address: try SocketAddress(host: "127.0.0.1", port: 0)) {
        $0.delegate = Repeater(answers: true) { seen.withLock { $0.append(server.now.nanoseconds) } }
      }
      return LoopBound(listener, loop: server)
    }.value
    let address = await Task(executorPreference: server) { listener.value.localAddress }.value
    client.execute {
      TCPConnection.connect(loop: client, address: address, timeout: .seconds(1)) { result in
        guard case .success(let connection) = result else { return }
        connection.delegate = Repeater(answers: false) { seen.withLock { $0.append(client.now.nanoseconds) } }
        for second in 1...3 { client.schedule(at: Instant(nanoseconds: Int64(second))) { connection.write([0]) } }
      }
    }
    while client.statistics().timers < 3 { await clock.settle() }
    await clock.advance(by: .nanoseconds(3))
    // Each byte goes to the server and comes back at the moment it was sent.
    #expect(seen.withLock { $0 } == [1, 1, 2, 2, 3, 3])
    withExtendedLifetime(listener) {}
  }

  @Test("a loop that has ended is not waited for")
  func endedLoop() async throws {
    let clock = ManualClock()
    let group = try EventLoopGroup(count: 1, clock: clock)
    group.stop()
    await clock.advance(by: .seconds(1))
  }
}

/// Notes when something arrives, and may send it back.
private final class Repeater: TCPConnectionDelegate {
  private let answers: Bool
  private let note: () -> Void
  init(answers: Bool, note: @escaping () -> Void) {
    self.answers = answers
    self.note = note
  }
  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    note()
    if answers { connection.write(bytes) }
  }
  func closed(_ connection: TCPConnection, error: ReactorError?) {}
}
