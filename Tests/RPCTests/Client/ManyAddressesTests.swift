import Protobuf
import RPC
import Reactor
import Synchronization
import TestSupport
import Testing

/// Servers that say who they are, and a channel to them.
private final class Copies: Sendable {
  let group: EventLoopGroup
  let addresses: [SocketAddress]
  private let servers: Mutex<[Server]>

  init(_ count: Int) async throws {
    group = try EventLoopGroup(count: 2)
    var servers: [Server] = []
    var addresses: [SocketAddress] = []
    for number in 0..<count {
      let server = Server(services: [Named(number)], group: group)
      addresses.append(try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0)))
      servers.append(server)
    }
    self.addresses = addresses
    self.servers = Mutex(servers)
  }

  func drain(_ number: Int) async {
    await servers.withLock { $0[number] }.drain(within: .seconds(60))
  }

  func start(_ number: Int) async throws {
    let server = Server(services: [Named(number)], group: group)
    _ = try await server.start(on: addresses[number])
    servers.withLock { $0[number] = server }
  }

  func close(_ number: Int) async { await servers.withLock { $0[number] }.close() }
}

private final class Flag: Sendable {
  private let state = Mutex(false)
  var isSet: Bool { state.withLock { $0 } }
  func set() { state.withLock { $0 = true } }
}

private struct Named: Service {
  static let who = MethodDescriptor(service: "test.Named", name: "Who", kind: .unary)
  let number: Int

  init(_ number: Int) { self.number = number }

  var methods: [ServerMethod] {
    [
      .unary(Self.who) { (request: Int64Value, call: ServerCall) async throws(RPCError) -> Int64Value in
        if request.value > 0 { try? await EventLoop.current?.sleep(for: .milliseconds(Int(request.value))) }
        return Int64Value(Int64(number))
      }
    ]
  }
}

@Suite("A channel to many addresses")
struct ManyAddressesTests {
  private func run(
    _ count: Int, _ target: ((Copies) -> ChannelTarget)? = nil,
    _ change: (inout ChannelConfiguration) -> Void = { _ in },
    _ body: @Sendable (Copies, Channel) async throws -> Void
  ) async throws {
    let copies = try await Copies(count)
    let clients = try EventLoopGroup(count: 1)
    var configuration = ChannelConfiguration()
    change(&configuration)
    let channel = Channel(
      target?(copies) ?? .addresses(copies.addresses), configuration: configuration, group: clients)
    try await body(copies, channel)
    clients.stop()
    copies.group.stop()
  }

  private func who(_ channel: Channel, milliseconds: Int = 0, _ options: CallOptions = CallOptions())
    async throws(RPCError)
    -> Int
  {
    let reply: Int64Value = try await channel.unary(Named.who, Int64Value(Int64(milliseconds)), options: options)
    return Int(reply.value)
  }

  /// Calls until every server in `wanted` has answered.
  private func meets(_ wanted: Set<Int>, _ channel: Channel) async -> Bool {
    let met = Mutex(Set<Int>())
    return await eventually {
      guard let number = try? await who(channel) else { return false }
      return met.withLock {
        $0.insert(number)
        return wanted.isSubset(of: $0)
      }
    }
  }

  @Test("uses every one of them", arguments: [BalancingPolicy.roundRobin, .leastLoaded])
  func all(policy: BalancingPolicy) async throws {
    try await run(4, nil, { $0.balancing = policy }) { _, channel in
      #expect(await meets([0, 1, 2, 3], channel))
    }
  }

  @Test("an address that refuses is tried again and again, and answers once somebody listens")
  func refusedUntilThere() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let address = try SocketAddress(host: "127.0.0.1", port: freePort())
    var configuration = ChannelConfiguration()
    configuration.balancing = .pickFirst
    configuration.initialBackoff = .milliseconds(5)
    configuration.maximumBackoff = .milliseconds(5)
    let channel = Channel(target: [address], configuration: configuration, group: group)
    for round in 0..<200 {
      do {
        _ = try await channel.unaryBytes(
          path: Named.who.path, message: [], options: CallOptions(deadline: .after(.seconds(10))))
        Issue.record("nobody listens, and the call succeeds")
      } catch {
        try #require(error.code == .unavailable, "call \(round): \(error)")
      }
    }
    let server = Server(services: [Named(3)], group: group)
    _ = try await server.start(on: address)
    let reply = try await channel.unaryBytes(
      path: Named.who.path, message: [], options: CallOptions(deadline: .after(.seconds(10)), waitsForReady: true))
    #expect(try Int64Value(serialized: reply.message).value == 3)
    await server.close()
    await channel.close()
  }

  @Test("stays with one when it is told to, and goes to another when that one ends")
  func pickFirst() async throws {
    try await run(3, nil, { $0.balancing = .pickFirst }) { copies, channel in
      for _ in 0..<50 {
        let number = try await who(channel)
        #expect(number == 0)
      }
      await copies.close(0)
      let patient = CallOptions(waitsForReady: true)
      // A call that runs while the connection breaks may fail.
      #expect(await eventually { (try? await who(channel, milliseconds: 0, patient)) == 1 })
      for _ in 0..<50 {
        let number = try await who(channel, milliseconds: 0, patient)
        #expect(number == 1)
      }
    }
  }

  @Test("gets by where some do not answer", arguments: [BalancingPolicy.roundRobin, .leastLoaded, .pickFirst])
  func deadOnes(policy: BalancingPolicy) async throws {
    let target: (Copies) -> ChannelTarget = { copies in
      let dead = SocketAddress.ipv4(0x7F00_0001, port: freePort())
      // 192.0.2.1 belongs to nobody (RFC 5737): it keeps silent or is unreachable.
      return .addresses([dead, .ipv4(0xC000_0201, port: 9)] + copies.addresses)
    }
    try await run(2, target, { $0.balancing = policy }) { _, channel in
      for _ in 0..<20 { _ = try await who(channel) }
    }
  }

  @Test("no call fails while one copy after the other is drained and started again, whatever the method is")
  func rolling() async throws {
    try await run(2) { copies, channel in
      try await withThrowingTaskGroup(of: Int.self) { tasks in
        let isOver = Flag()
        for _ in 0..<16 {
          tasks.addTask {
            var count = 0
            while !isOver.isSet {
              _ = try await who(channel, milliseconds: 2)
              count += 1
            }
            return count
          }
        }
        #expect(await meets([0, 1], channel))
        for _ in 0..<3 {
          for number in 0..<2 {
            await copies.drain(number)
            try await copies.start(number)
            #expect(await meets([0, 1], channel))
          }
        }
        isOver.set()
        var count = 0
        for try await more in tasks { count += more }
        #expect(count > 16)
      }
    }
  }

  @Test("no call fails while the only copy is drained and started again within the grace")
  func restart() async throws {
    try await run(1, nil, { $0.restartGrace = .seconds(60) }) { copies, channel in
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        let isOver = Flag()
        for _ in 0..<16 {
          tasks.addTask {
            while !isOver.isSet { _ = try await who(channel, milliseconds: 2) }
          }
        }
        // Only who has been connected can tell a restart from a server that was never there.
        #expect(await meets([0], channel))
        for _ in 0..<5 {
          await copies.drain(0)
          try await Task.sleep(for: .milliseconds(50))
          try await copies.start(0)
          #expect(await meets([0], channel))
        }
        isOver.set()
        try await tasks.waitForAll()
      }
    }
  }

  @Test("without grace a call fails at once while nobody listens")
  func noGrace() async throws {
    try await run(1, nil, { $0.restartGrace = .zero }) { copies, channel in
      _ = try await who(channel)
      await copies.drain(0)
      let error = await #expect(throws: RPCError.self) { for _ in 0..<10 { _ = try await who(channel) } }
      #expect(error?.code == .unavailable)
    }
  }

  @Test("looks a name up, tries all it gets, and again when they fail: a name that moved is followed")
  func names() async throws {
    let copies = try await Copies(3)
    let clients = try EventLoopGroup(count: 1)
    let dead = SocketAddress.ipv6(0, 1, port: freePort())
    let found = Mutex([dead, copies.addresses[0]])
    let asked = Mutex(0)
    var configuration = ChannelConfiguration()
    configuration.nameResolver = NameResolver(pool: BlockingPool(threads: 1, queueLimit: 10)) {
      (host: String, port: UInt16) throws(ReactorError) -> [SocketAddress] in
      asked.withLock { $0 += 1 }
      guard host == "service.test", port == 77 else { throw .nameNotFound(host) }
      return found.withLock { $0 }
    }
    let channel = Channel(.name("service.test", port: 77), configuration: configuration, group: clients)
    let first = try await who(channel)
    #expect(first == 0)
    #expect(asked.withLock { $0 } == 1)
    found.withLock { $0 = [copies.addresses[1], copies.addresses[2]] }
    await copies.close(0)
    #expect(await meets([1, 2], channel))
    #expect(asked.withLock { $0 } >= 2)
    clients.stop()
    copies.group.stop()
  }

  @Test("says that a name is unknown, and finds it once it is known")
  func unknownName() async throws {
    try await run(1) { copies, _ in
      let clients = try EventLoopGroup(count: 1)
      defer { clients.stop() }
      let isKnown = Mutex(false)
      var configuration = ChannelConfiguration()
      let address = copies.addresses[0]
      configuration.nameResolver = NameResolver(pool: BlockingPool(threads: 1, queueLimit: 10)) {
        (host: String, port: UInt16) throws(ReactorError) -> [SocketAddress] in
        guard isKnown.withLock({ $0 }) else { throw .nameNotFound(host) }
        return [address]
      }
      let channel = Channel(.name("late.test", port: 1), configuration: configuration, group: clients)
      let error = await #expect(throws: RPCError.self) { _ = try await who(channel) }
      #expect(error?.code == .unavailable && error?.message.contains("late.test") == true)
      async let patient = who(channel, milliseconds: 0, CallOptions(waitsForReady: true))
      isKnown.withLock { $0 = true }
      let number = try await patient
      #expect(number == 0)
    }
  }

  @Test("reaches a server at the path of a unix socket")
  func unix() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let path = "/tmp/rpc-\(UInt64.random(in: 0 ... .max)).sock"
    let server = Server(services: [Named(7)], group: group)
    _ = try await server.start(on: try SocketAddress(unixPath: path))
    let channel = Channel(ChannelTarget(try Endpoint("unix:\(path)")), group: group)
    let first = try await who(channel)
    #expect(first == 7)
    await server.close()
  }
}
