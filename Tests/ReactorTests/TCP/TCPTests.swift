import Glibc
import Reactor
import Testing

@Suite("TCP on the loop", .serialized)
struct TCPTests {
  @Test("echoes what it reads, in order, one megabyte over several turns")
  func echo() async throws {
    let world = try await EchoWorld()
    defer { world.stop() }
    let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let received = try await world.exchange(sent)
    #expect(received == sent)
  }

  @Test("an answer given while the peer still sends arrives whole, and so does the end behind it")
  func endOutput() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let (address, listener) = try await Task(executorPreference: loop) {
      let listener = try TCPListener(loop: loop, address: try SocketAddress(host: "127.0.0.1", port: 0)) {
        $0.delegate = EarlyAnswer()
      }
      return (listener.localAddress, LoopBound(listener, loop: loop))
    }.value
    defer { withExtendedLifetime(listener) {} }
    let descriptor = try #require(blockingConnect(address))
    defer { close(descriptor) }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 7, count: 100_000)
    for _ in 0..<20 { #expect(send(descriptor, chunk, chunk.count, Int32(MSG_NOSIGNAL)) == chunk.count) }
    shutdown(descriptor, Int32(SHUT_WR))
    while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 { answer += chunk.prefix(count) }
    #expect(answer == Array("refused".utf8))
  }

  @Test("what a connection leaves unwritten is never sent by another one")
  func unwrittenOutput() async throws {
    let clock = ManualClock()
    let group = try EventLoopGroup(count: 1, clock: clock)
    defer { group.stop() }
    let loop = group.loops[0]
    let log = LoopBound(Recorder(), loop: loop)
    await Task(executorPreference: loop) {
      // Each way to end with bytes that were not written: closed by this side, the peer gone, the output bound.
      for end in 0..<3 {
        let (first, second) = TCPConnection.pair(on: loop)
        first.maximumBufferedBytes = end == 2 ? 5 : 100
        if end == 1 { second.close() }
        first.write(Array("secret".utf8))
        if end == 0 { first.close() }
      }
    }.value
    await clock.settle()
    await Task(executorPreference: loop) {
      for _ in 0..<5 {
        let (first, second) = TCPConnection.pair(on: loop)
        second.delegate = log.value
        first.write(Array("hello".utf8))
      }
    }.value
    await clock.settle()
    #expect(
      await Task(executorPreference: loop) { log.value.reads }.value == Array(repeating: Array("hello".utf8), count: 5))
  }

  @Test("a refused connection says so")
  func refused() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let free = try await Task(executorPreference: loop) {
      try TCPListener.claim(try SocketAddress(host: "127.0.0.1", port: 0))
    }.value
    let error = await withCheckedContinuation { continuation in
      loop.execute {
        TCPConnection.connect(loop: loop, address: free, timeout: .seconds(5)) { result in
          if case .failure(let error) = result { continuation.resume(returning: error) }
        }
      }
    }
    #expect(error == .connectionRefused(free))
  }

  @Test("a port in use is noticed, although SO_REUSEPORT would share it")
  func addressInUse() async throws {
    let world = try await EchoWorld()
    defer { world.stop() }
    #expect(throws: ReactorError.addressInUse(world.address)) { try TCPListener.claim(world.address) }
  }

  @Test("a server's connections are spread evenly over its loops, also when some have closed")
  func balance() async throws {
    let group = try EventLoopGroup(count: 3)
    defer { group.stop() }
    let address = try await Task(executorPreference: group.loops[0]) {
      try TCPListener.claim(try SocketAddress(host: "127.0.0.1", port: 0))
    }.value
    let balance = AcceptBalance()
    var states: [LoopBound<EchoWorld.State>] = []
    for loop in group.loops {
      states.append(
        try await Task(executorPreference: loop) {
          let state = EchoWorld.State()
          state.listener = try TCPListener(loop: loop, address: address, balance: balance) { connection in
            connection.delegate = Echo(state: state)
            state.open += 1
          }
          return LoopBound(state, loop: loop)
        }.value)
    }
    func counts() async -> [Int] {
      var counts: [Int] = []
      for state in states { counts.append(await Task(executorPreference: state.loop) { state.value.open }.value) }
      return counts
    }
    func reached(_ expected: [Int]) async throws -> Bool {
      for _ in 0..<1000 where await counts() != expected { try await Task.sleep(for: .milliseconds(10)) }
      return await counts() == expected
    }
    var descriptors: [Int32] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    for round in 1...10 {
      for _ in 0..<3 { descriptors.append(try #require(blockingConnect(address))) }
      #expect(try await reached([round, round, round]))
    }
    for descriptor in descriptors { close(descriptor) }
    descriptors = []
    #expect(try await reached([0, 0, 0]))
    for _ in 0..<6 { descriptors.append(try #require(blockingConnect(address))) }
    #expect(try await reached([2, 2, 2]))
  }

  @Test("10,000 idle connections are held, and another one is served beside them")
  func idleConnections() async throws {
    let world = try await EchoWorld()
    defer { world.stop() }
    let count = min(10_000, openFileLimit() - 1000)
    let crowd = try Crowd(of: count, at: world.address)
    for _ in 0..<2000 where await world.openConnections() < count { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await world.openConnections() == count)
    #expect(try await world.exchange([1, 2, 3]) == [1, 2, 3])
    crowd.leave()
    for _ in 0..<2000 where await world.openConnections() > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await world.openConnections() == 0)
  }

  @Test("connections that are reset as soon as they stand leave nothing behind")
  func manyConnects() async throws {
    let world = try await EchoWorld()
    defer { world.stop() }
    for _ in 0..<10_000 {
      let descriptor = try #require(blockingConnect(world.address))
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
      close(descriptor)
    }
    for _ in 0..<500 where await world.openConnections() > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await world.openConnections() == 0)
    #expect(world.group.connectionBudget.statistics().open == 0)
    // The listener's own watch is left.
    let loop = world.group.loops[0]
    for _ in 0..<500 where loop.statistics().watches > 1 { await Task(executorPreference: loop) {}.value }
    #expect(loop.statistics().watches == 1)
  }

  @Test("a peer that does not read is cut off at the output bound")
  func outputBound() async throws {
    let world = try await EchoWorld(maximumBufferedBytes: 100_000)
    defer { world.stop() }
    let descriptor = try #require(blockingConnect(world.address))
    defer { close(descriptor) }
    let chunk = [UInt8](repeating: 7, count: 65536)
    var failed = false
    for _ in 0..<2000 where !failed {
      failed = chunk.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } < 0
    }
    #expect(failed)
    for _ in 0..<500 where await world.openConnections() > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await world.openConnections() == 0)
  }
}

@Suite("Socket addresses")
struct SocketAddressTests {
  @Test("are written as they are read", arguments: ["127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::5"])
  func roundTrip(host: String) throws {
    let address = try SocketAddress(host: host, port: 8080)
    #expect(address.description == (host.contains(":") ? "[\(host)]:8080" : "\(host):8080"))
  }

  @Test("that are none are refused", arguments: ["", "example.com", "1.2.3", "1.2.3.4.5", "::g", "127.0.0.1 "])
  func invalid(host: String) {
    #expect(throws: ReactorError.invalidAddress(host)) { try SocketAddress(host: host, port: 1) }
  }

  @Test("a socket path is bounded")
  func unixPath() throws {
    #expect(throws: ReactorError.self) { try SocketAddress(unixPath: String(repeating: "x", count: 108)) }
    #expect(throws: ReactorError.self) { try SocketAddress(unixPath: "") }
    #expect(try SocketAddress(unixPath: "/tmp/socket").description == "unix:/tmp/socket")
  }
}

/// Answers the first bytes and ends its side; what follows is read and dropped.
private final class EarlyAnswer: TCPConnectionDelegate {
  private var answered = false
  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    guard !answered else { return }
    answered = true
    connection.write(Array("refused".utf8))
    connection.endOutput()
    connection.write(Array("ignored".utf8))
  }
  func closed(_ connection: TCPConnection, error: ReactorError?) {}
}
