import Glibc
import Reactor
import Testing

/// Two connections that are joined, on one loop with a clock that stands still.
private struct Pair {
  let group: EventLoopGroup
  let clock = ManualClock()
  let joined: LoopBound<Joined>

  final class Joined {
    let first: (connection: TCPConnection, log: Recorder)
    let second: (connection: TCPConnection, log: Recorder)
    var listener: TCPListener?

    init(_ first: TCPConnection, _ second: TCPConnection) {
      self.first = (first, Recorder())
      self.second = (second, Recorder())
      first.delegate = self.first.log
      second.delegate = self.second.log
    }
  }

  enum Kind: CaseIterable { case memory, socket }

  init(_ kind: Kind, forward: @Sendable () -> MemoryLink = { MemoryLink() }) async throws {
    group = try EventLoopGroup(count: 1, clock: clock)
    let loop = group.loops[0]
    let link = LoopBound(forward(), loop: loop)
    switch kind {
    case .memory:
      joined = await Task(executorPreference: loop) {
        let pair = TCPConnection.pair(on: loop, forward: link.value)
        return LoopBound(Joined(pair.first, pair.second), loop: loop)
      }.value
    case .socket:
      joined = try await withCheckedThrowingContinuation { continuation in
        loop.execute {
          do {
            var accepted: TCPConnection?
            let listener = try TCPListener(loop: loop, address: try SocketAddress(host: "127.0.0.1", port: 0)) {
              accepted = $0
            }
            TCPConnection.connect(loop: loop, address: listener.localAddress, timeout: .seconds(1)) { result in
              loop.schedule(after: .zero) {
                guard case .success(let connection) = result, let accepted else { return }
                let joined = Joined(connection, accepted)
                joined.listener = listener
                continuation.resume(returning: LoopBound(joined, loop: loop))
              }
            }
          } catch {
            continuation.resume(throwing: error)
          }
        }
      }
    }
  }

  /// Runs `body` on the loop, then waits until nothing happens any more.
  @discardableResult
  func run<Result: Sendable>(_ body: @escaping @Sendable (Joined) -> Result) async -> Result {
    let result = await Task(executorPreference: group.loops[0]) { body(self.joined.value) }.value
    await clock.settle()
    return result
  }
}

@Suite("Connections in memory")
struct MemoryEndpointTests {
  private static let text = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  @Test(
    "tell their delegates what sockets tell",
    arguments: [
      "write and end", "close at once", "close after flush", "answer after the end", "write to a closed peer", "pause",
    ])
  fileprivate func likeSockets(script: String) async throws {
    var logs: [[[UInt8]]] = []
    var ends: [[Recorder.Event]] = []
    for kind in Pair.Kind.allCases {
      let pair = try await Pair(kind)
      defer { pair.group.stop() }
      await pair.run { both in
        let (first, second) = (both.first.connection, both.second.connection)
        switch script {
        case "write and end":
          first.write(Self.text)
          first.endOutput()
        case "close at once":
          first.close()
        case "close after flush":
          first.write(Self.text)
          first.closeAfterFlush()
        case "answer after the end":
          both.second.log.then = { connection, event in
            guard event == .inputClosed else { return }
            connection.write(Self.text)
            connection.closeAfterFlush()
          }
          first.endOutput()
        case "write to a closed peer":
          second.close()
          first.write([1])
        default:
          second.pauseReading()
          first.write([1, 2, 3])
        }
      }
      if script == "pause" {
        #expect(await pair.run { $0.second.log.events }.isEmpty)
        await pair.run { $0.second.connection.resumeReading() }
        await pair.run { $0.first.connection.close() }
      }
      logs.append(await pair.run { [$0.first.log.received, $0.second.log.received] })
      let both = await pair.run { $0.first.log.events + $0.second.log.events }
      // A peer that closes early may be noticed by reading or by writing.
      ends.append(
        both.filter { event in
          switch event {
          case .inputClosed, .closed(nil): true
          case .bytes, .drained, .closed: false
          }
        })
    }
    #expect(logs[0] == logs[1])
    if script != "write to a closed peer" { #expect(ends[0] == ends[1]) }
  }

  @Test("deliver their bytes in the pieces that were chosen, one a turn", arguments: [1, 2, 7, 4096, 1_000_000])
  func pieces(length: Int) async throws {
    let text = Self.text.prefix(5000)
    let pair = try await Pair(.memory) {
      var link = MemoryLink()
      link.readLength = { _ in length }
      return link
    }
    defer { pair.group.stop() }
    await pair.run { both in both.first.connection.write(Array(text)) }
    let (received, reads) = await pair.run { ($0.second.log.received, $0.second.log.reads.map(\.count)) }
    #expect(received == Array(text))
    #expect(reads == stride(from: 0, to: text.count, by: length).map { min(length, text.count - $0) })
  }

  @Test("make a writer wait for its reader, within the link's capacity")
  func capacity() async throws {
    let pair = try await Pair(.memory) {
      var link = MemoryLink()
      link.capacity = 1000
      return link
    }
    defer { pair.group.stop() }
    await pair.run { both in
      both.second.connection.pauseReading()
      both.first.connection.write(Self.text)
    }
    #expect(await pair.run { $0.first.connection.bufferedBytes } == Self.text.count - 1000)
    #expect(await pair.run { $0.first.log.events }.isEmpty)
    await pair.run { $0.second.connection.resumeReading() }
    #expect(await pair.run { $0.first.log.events } == [.drained])
    #expect(await pair.run { $0.second.log.received } == Self.text)
  }

  @Test("wake a loop that has nothing else to do")
  func wakeTheLoop() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let rounds: Int = await withCheckedContinuation { continuation in
      loop.execute {
        let (first, second) = TCPConnection.pair(on: loop)
        var rounds = 0
        let (ping, pong) = (Recorder(), Recorder())
        pong.then = { connection, event in
          if case .bytes(let bytes) = event { connection.write(bytes) }
        }
        ping.then = { connection, event in
          guard case .bytes(let bytes) = event else { return }
          rounds += 1
          if rounds < 100 { connection.write(bytes) } else { continuation.resume(returning: rounds) }
        }
        first.delegate = ping
        second.delegate = pong
        first.write([1])
      }
    }
    #expect(rounds == 100)
  }

  @Test("are told when their loop ends, and keep neither each other nor their delegates", arguments: Pair.Kind.allCases)
  fileprivate func ends(kind: Pair.Kind) async throws {
    let kept = Kept()
    do {
      let pair = try await Pair(kind)
      let closed = SharedCounter()
      await pair.run { both in
        kept.joined = both
        kept.log = both.first.log
        for log in [both.first.log, both.second.log] {
          log.then = { _, event in if event == .closed(nil) { closed.increment() } }
        }
      }
      pair.group.stop()
      #expect(closed.value == 2)
    }
    #expect(kept.joined == nil)
    #expect(kept.log == nil)
  }

  // @unchecked Sendable: written on the loop's thread, read when that has ended.
  private final class Kept: @unchecked Sendable {
    weak var joined: Pair.Joined?
    weak var log: Recorder?
  }
}
