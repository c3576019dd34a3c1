import Glibc
import TestSupport
import Testing

@testable import Reactor

/// A listener on each of several loops, whose connections are greeted.
private final class Greeters: Sendable {
  let group: EventLoopGroup
  let address: SocketAddress
  private let sides: [LoopBound<Side>]

  final class Side {
    var listener: TCPListener?
    var open = 0
  }

  init(on address: SocketAddress, loops: Int = 1, group existing: EventLoopGroup? = nil) async throws {
    let group = try existing ?? EventLoopGroup(count: loops)
    self.group = group
    let claimed = try TCPListener.claim(address)
    self.address = claimed
    let balance = AcceptBalance()
    var sides: [LoopBound<Side>] = []
    for loop in group.loops {
      sides.append(
        try await Task(executorPreference: loop) {
          let side = Side()
          side.listener = try TCPListener(loop: loop, address: claimed, balance: balance) { connection in
            side.open += 1
            connection.delegate = Greeter(side: side)
            connection.write(Array("hello".utf8))
            connection.endOutput()
          }
          return LoopBound(side, loop: loop)
        }.value)
    }
    self.sides = sides
  }

  func counts() async -> [Int] {
    var counts: [Int] = []
    for side in sides { counts.append(await Task(executorPreference: side.loop) { side.value.open }.value) }
    return counts
  }

  /// Keeps the first loop from accepting until `during` has run, then stops listening in the same turn.
  func stopListening(during: @escaping @Sendable () -> Void = {}) async {
    for (index, side) in sides.enumerated() {
      await Task(executorPreference: side.loop) {
        if index == 0 { during() }
        side.value.listener?.close()
        side.value.listener = nil
      }.value
    }
  }
}

private final class Greeter: TCPConnectionDelegate {
  private let side: Greeters.Side
  init(side: Greeters.Side) { self.side = side }
  func received(_ bytes: RawSpan, from connection: TCPConnection) {}
  func closed(_ connection: TCPConnection, error: ReactorError?) { side.open -= 1 }
}

/// Reads to the end. Nil when the connection was reset.
private func greeting(_ descriptor: Int32) -> String? {
  var text: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 64)
  while true {
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count < 0 { return nil }
    if count == 0 { return String(decoding: text, as: UTF8.self) }
    text += chunk.prefix(count)
  }
}

@Suite("Listeners", .serialized)
struct ListenerTests {
  enum Place: CaseIterable { case tcp, unix }

  private static func address(_ place: Place, in directory: TemporaryDirectory) throws -> SocketAddress {
    switch place {
    case .tcp: try SocketAddress(host: "127.0.0.1", port: 0)
    case .unix: try SocketAddress(unixPath: directory.path + "/socket")
    }
  }

  @Test("let in whoever waits when they stop: nobody who was connected is reset", arguments: Place.allCases, [1, 3])
  func stopping(place: Place, loops: Int) async throws {
    let directory = try TemporaryDirectory()
    let greeters = try await Greeters(on: try Self.address(place, in: directory), loops: loops)
    defer { greeters.group.stop() }
    let address = greeters.address
    for other in greeters.group.loops.dropFirst() { other.execute { usleep(200_000) } }
    let waiting = Descriptors()
    await greeters.stopListening {
      // The loops are busy, so the kernel completes these connections and nobody has accepted them yet.
      for _ in 0..<50 { waiting.add(blockingConnect(address)) }
    }
    #expect(waiting.all.count == 50)
    for descriptor in waiting.all {
      #expect(greeting(descriptor) == "hello")
      close(descriptor)
    }
    #expect(blockingConnect(address) == nil)
  }

  @Test("can be stopped and started again", arguments: Place.allCases)
  func restart(place: Place) async throws {
    let directory = try TemporaryDirectory()
    let group = try EventLoopGroup(count: 2)
    defer { group.stop() }
    var address = try Self.address(place, in: directory)
    for _ in 0..<3 {
      let greeters = try await Greeters(on: address, group: group)
      address = greeters.address
      let descriptor = try #require(blockingConnect(address))
      #expect(greeting(descriptor) == "hello")
      close(descriptor)
      await greeters.stopListening()
      #expect(blockingConnect(address) == nil)
    }
    if case .unix(let path) = address { #expect(access(path, F_OK) != 0) }
  }

  @Test("of several loops share a unix socket, evenly")
  func sharedPath() async throws {
    let directory = try TemporaryDirectory()
    let greeters = try await Greeters(on: try SocketAddress(unixPath: directory.path + "/socket"), loops: 3)
    defer { greeters.group.stop() }
    let descriptors = (0..<12).compactMap { _ in blockingConnect(greeters.address) }
    for descriptor in descriptors { #expect(greeting(descriptor) == "hello") }
    #expect(await greeters.counts() == [4, 4, 4])
    for descriptor in descriptors { close(descriptor) }
  }

  @Test("take the place of a unix socket that nobody listens on any more, and of nothing else")
  func abandonedPath() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/socket"
    let address = try SocketAddress(unixPath: path)
    // As a process leaves it that was killed.
    let dead = streamSocket(AF_UNIX)
    #expect(address.withSocketAddress { Glibc.bind(dead, $0, $1) } == 0)
    close(dead)
    let greeters = try await Greeters(on: address)
    defer { greeters.group.stop() }
    #expect(throws: ReactorError.addressInUse(address)) { try TCPListener.claim(address) }
    let descriptor = try #require(blockingConnect(address))
    #expect(greeting(descriptor) == "hello")
    close(descriptor)
    await greeters.stopListening()

    let file = fopen(path, "w")
    fclose(file)
    #expect(throws: ReactorError.addressInUse(address)) { try TCPListener.claim(address) }
    #expect(access(path, F_OK) == 0)
  }

  @Test("leave the unix socket of a successor alone")
  func successor() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/socket"
    let greeters = try await Greeters(on: try SocketAddress(unixPath: path))
    defer { greeters.group.stop() }
    unlink(path)
    let successor = try await Greeters(on: try SocketAddress(unixPath: path))
    defer { successor.group.stop() }
    await greeters.stopListening()
    let descriptor = try #require(blockingConnect(successor.address))
    #expect(greeting(descriptor) == "hello")
    close(descriptor)
  }
}

@Suite("Connecting")
struct ConnectorTests {
  @Test("to a unix socket whose queue is full waits for room, for as long as it may", arguments: [true, false])
  func fullQueue(getsRoom: Bool) async throws {
    let directory = try TemporaryDirectory()
    let address = try SocketAddress(unixPath: directory.path + "/socket")
    let listener = streamSocket(AF_UNIX)
    #expect(address.withSocketAddress { Glibc.bind(listener, $0, $1) } == 0)
    listen(listener, 1)
    defer { close(listener) }
    let waiting = Descriptors()
    while true {
      let descriptor = streamSocket(AF_UNIX, blocking: false)
      waiting.add(descriptor)
      guard address.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 else { break }
    }
    #expect(errno == EAGAIN)
    defer { for descriptor in waiting.all { close(descriptor) } }

    let clock = ManualClock()
    let group = try EventLoopGroup(count: 1, clock: clock)
    defer { group.stop() }
    let loop = group.loops[0]
    let results = LoopBound(Results(), loop: loop)
    loop.execute {
      TCPConnection.connect(loop: loop, address: address, timeout: .seconds(1)) { results.value.all.append($0) }
    }
    await clock.advance(by: .milliseconds(500))
    #expect(await Task(executorPreference: loop) { results.value.all.count }.value == 0)
    if getsRoom { close(accept(listener, nil, nil)) }
    await clock.advance(by: .milliseconds(500))
    let isConnected = await Task<Bool?, Never>(executorPreference: loop) {
      switch results.value.all.first {
      case .success(let connection):
        connection.close()
        return true
      case .failure(let error): return error == .connectTimedOut(address) ? false : nil
      case nil: return nil
      }
    }.value
    #expect(isConnected == getsRoom)
    #expect(await clock.settle() == nil)
    #expect(loop.statistics().watches == 0)
  }

  @Test("to a port nobody listens on is refused, even when the kernel joins the connection to itself")
  func selfConnection() throws {
    let address = try SocketAddress(host: "127.0.0.1", port: freePort())
    let descriptor = streamSocket(AF_INET)
    defer { close(descriptor) }
    // What happens by chance to one attempt in some ten thousand: the socket has the port that it connects to.
    let isJoined = address.withSocketAddress { name, length in
      Glibc.bind(descriptor, name, length) == 0 && Glibc.connect(descriptor, name, length) == 0
    }
    #expect(isJoined)
    #expect(TCPConnection.isConnectedToItself(descriptor, address))
    let listening = try ListeningSocket(try SocketAddress(host: "127.0.0.1", port: 0), backlog: 1, sharesPort: false)
    defer { listening.release() }
    let other = try #require(blockingConnect(listening.address))
    defer { close(other) }
    #expect(!TCPConnection.isConnectedToItself(other, listening.address))
  }

  private final class Results {
    var all: [Result<TCPConnection, ReactorError>] = []
  }
}
