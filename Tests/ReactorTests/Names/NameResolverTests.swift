import Glibc
import Synchronization
import Testing

@testable import Reactor

@Suite("The name resolver")
struct NameResolverTests {
  private static let four = (1...5).map { SocketAddress.ipv4(UInt32($0), port: 80) }
  private static let six = (1...5).map { SocketAddress.ipv6(0, UInt64($0), port: 80) }

  @Test(
    "takes the families by turns, each in its own order, every address once",
    arguments: [
      ([], []),
      ([four[0], four[1]], [four[0], four[1]]),
      ([six[0], six[1], four[0], four[1]], [six[0], four[0], six[1], four[1]]),
      ([four[0], six[0], six[1], six[2]], [four[0], six[0], six[1], six[2]]),
      ([four[2], four[0], four[1], six[0]], [four[2], six[0], four[0], four[1]]),
      ([six[0], six[0], four[0], six[0], four[0]], [six[0], four[0]]),
    ] as [([SocketAddress], [SocketAddress])])
  func interleaved(found: [SocketAddress], expected: [SocketAddress]) {
    #expect(NameResolver.interleaved(found) == expected)
  }

  @Test("asks the system, which knows localhost")
  func system() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 4)
    defer { pool.stop() }
    let addresses = try await NameResolver(pool: pool).addresses(of: try Endpoint("localhost:8080"))
    #expect(addresses.contains(.ipv4(0x7f00_0001, port: 8080)) || addresses.contains(.ipv6(0, 1, port: 8080)))
    #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 8080 })
  }

  @Test("says that a name does not exist, or that nobody could tell")
  func unknown() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 4)
    defer { pool.stop() }
    // RFC 6761 §6.4: no name below `invalid` exists.
    let failure = await #expect(throws: ReactorError.self) {
      try await NameResolver(pool: pool).addresses(of: .name("host.invalid", port: 1))
    }
    switch failure {
    case .nameNotFound("host.invalid"), .nameLookupFailed("host.invalid", reason: _): break
    default: Issue.record("\(String(describing: failure))")
    }
  }

  @Test("an answer without addresses is a name that was not found")
  func empty() async {
    let pool = BlockingPool(threads: 1, queueLimit: 4)
    defer { pool.stop() }
    let resolver = NameResolver(pool: pool) { _, _ in [] }
    await #expect(throws: ReactorError.nameNotFound("empty")) {
      try await resolver.addresses(of: .name("empty", port: 1))
    }
  }

  @Test("numeric addresses and sockets need no thread")
  func known() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 1)
    pool.stop()
    let resolver = NameResolver(pool: pool)
    for text in ["127.0.0.1:1", "[::1]:1", "unix:/tmp/socket"] {
      #expect(try await resolver.addresses(of: try Endpoint(text)).map { "\($0)" } == [text])
    }
    await #expect(throws: ReactorError.loopStopped) { try await resolver.addresses(of: .name("name", port: 1)) }
  }

  @Test("never runs on a loop, and tells its result there")
  func offTheLoop() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let pool = BlockingPool(threads: 1, queueLimit: 4)
    defer { pool.stop() }
    let wasOnLoop = Mutex<Bool?>(nil)
    let resolver = NameResolver(pool: pool) { _, port in
      wasOnLoop.withLock { $0 = EventLoop.current != nil }
      return [.ipv4(1, port: port)]
    }
    for endpoint in [Endpoint.name("name", port: 7), .address(.ipv4(1, port: 7))] {
      let (result, toldOnLoop, toldLater) = await withCheckedContinuation { continuation in
        loop.execute {
          var hasReturned = false
          _ = resolver.resolve(endpoint, on: loop) { continuation.resume(returning: ($0, loop.isCurrent, hasReturned)) }
          hasReturned = true
        }
      }
      #expect(result == .success([.ipv4(1, port: 7)]))
      #expect(toldOnLoop && toldLater)
    }
    #expect(wasOnLoop.withLock { $0 } == false)
  }

  @Test("a full queue is an error at once, and a cancelled look-up gives its place back")
  func bounded() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 1)
    defer { pool.stop() }
    let gate = Gate()
    let lookups = SharedCounter()
    let resolver = NameResolver(pool: pool) { _, port in
      lookups.increment()
      gate.wait()
      return [.ipv4(1, port: port)]
    }
    let name = Endpoint.name("slow", port: 1)
    let running = Task { try await resolver.addresses(of: name) }
    while lookups.value == 0 { await Task.yield() }
    let waiting = Task { try await resolver.addresses(of: name) }
    while pool.queued == 0 { await Task.yield() }
    await #expect(throws: ReactorError.nameLookupsFull("slow")) { try await resolver.addresses(of: name) }
    waiting.cancel()
    await #expect(throws: ReactorError.cancelled) { try await waiting.value }
    #expect(pool.queued == 0)
    // The one that runs is not waited for either.
    running.cancel()
    await #expect(throws: ReactorError.cancelled) { try await running.value }
    gate.open()
    #expect(try await resolver.addresses(of: name) == [.ipv4(1, port: 1)])
    #expect(lookups.value == 2)
  }

  @Test("a look-up of a loop that is cancelled is never told")
  func cancelledOnLoop() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let pool = BlockingPool(threads: 1, queueLimit: 4)
    defer { pool.stop() }
    let resolver = NameResolver(pool: pool) { _, port in [.ipv4(1, port: port)] }
    let told = SharedCounter()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      loop.execute {
        let cancelled = resolver.resolve(.name("first", port: 1), on: loop) { _ in told.increment() }
        // The pool has one thread and a loop keeps its order: the second answer comes after the first one would.
        _ = resolver.resolve(.name("second", port: 1), on: loop) { _ in continuation.resume() }
        cancelled.cancel()
        cancelled.cancel()
      }
    }
    #expect(told.value == 0)
  }
}

/// Keeps threads waiting until it is opened.
private final class Gate: Sendable {
  private let isOpen = Atomic<Bool>(false)
  func open() { isOpen.store(true, ordering: .releasing) }
  func wait() { while !isOpen.load(ordering: .acquiring) { usleep(500) } }
}
