import HTTP2
import Protobuf
import Reactor
import TestSupport
import Testing

@testable import RPC

/// Attacks that make a server hold bytes. Each goes on beside a neighbour's calls.
@Suite("What peers make a server hold")
struct HeldBytesTests {
  /// Beyond the bound by what one read of the socket may bring.
  private static let connectionBound = HTTP2Limits().heldByteCount + 64 * 1024

  private static let streams: [UInt32] = (0..<256).map { 1 + 2 * $0 }

  @Test(
    "parts of messages of four megabytes on 256 streams are no more than a connection may hold",
    arguments: [Kitchen.command.path, Kitchen.chat.path, Stubborn.ignore.path])
  func parts(path: String) async throws {
    try await AttackWorld.run { world in
      let peer = try await world.attack { peer in
        for stream in Self.streams {
          peer.send(FramePeer.request(path, on: stream))
          peer.sendBody(RawCall.frame([UInt8](repeating: 0, count: 1_000_000), length: 4_000_000), on: stream)
        }
      }
      await world.clock.settle()
      await world.expectNeighbourServed()
      // Enough has come to break the bound if it did not hold.
      let sent = await world.on(peer) { $0.sentByteCount }
      #expect(sent > Self.connectionBound)
      #expect(await world.server.highestHeldBytes() <= Self.connectionBound)
      await world.clock.advance(by: .seconds(100))
      #expect(await world.server.heldBytes() < 100_000)
      #expect(await world.server.runningCalls() == 0)
      await world.expectNeighbourServed()
      world.stubborn.letGo()
    }
  }

  @Test("a flood of messages at a handler that takes none holds no more than the window", arguments: [0, 100])
  func unread(size: Int) async throws {
    try await AttackWorld.run { world in
      let message = RawCall.frame([UInt8](repeating: 0, count: size))
      let flood = [UInt8](Array(repeating: message, count: 1_000_000 / message.count).joined())
      let peer = try await world.attack { peer in
        peer.send(FramePeer.request(Stubborn.ignore.path, on: 1))
        peer.sendBody(flood, on: 1)
      }
      await world.clock.settle()
      await world.expectNeighbourServed()
      let window = ServerConfiguration().connectionLimits.streamWindowByteCount
      #expect(await world.on(peer) { $0.sentByteCount } <= 3 * window)
      #expect(await world.server.highestHeldBytes() <= 3 * window)
      world.stubborn.letGo()
    }
  }

  @Test("replies that nobody reads hold no more than a connection may, and have a time")
  func unreadReplies() async throws {
    try await AttackWorld.run { world in
      // No window at all: SETTINGS_INITIAL_WINDOW_SIZE 0.
      let peer = try await world.attack(settings: [(4, 0)]) { peer in
        for stream in Self.streams {
          peer.send(FramePeer.request(Kitchen.command.path, on: stream))
          peer.sendBody(RawCall.frame([10, 11] + [UInt8]("large 65536".utf8)), on: stream, ends: true)
        }
      }
      await world.clock.settle()
      await world.expectNeighbourServed()
      #expect(await world.server.highestHeldBytes() <= Self.connectionBound)
      #expect(await world.server.heldBytes() > 500_000, "nothing was held")
      // The peer answers PINGs all the time.
      for _ in 0..<20 { await world.clock.advance(by: .seconds(40)) }
      await world.expectNeighbourServed()
      #expect(await world.server.heldBytes() < 10_000)
      #expect(await world.server.runningCalls() == 0)
      let (resets, body) = await world.on(peer) { ($0.resets.count, $0.bodyByteCount) }
      #expect(resets == 256)
      #expect(body == 0)
    }
  }

  @Test("many connections together hold no more than the server may")
  func manyConnections() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumHeldBytes = 16 * 1024 * 1024
    try await AttackWorld.run(configuration) { world in
      var peers: [LoopBound<FramePeer>] = []
      for _ in 0..<24 {
        peers.append(
          try await world.attack { peer in
            for stream in Self.streams[..<40] {
              peer.send(FramePeer.request(Kitchen.command.path, on: stream))
              peer.sendBody(RawCall.frame([UInt8](repeating: 0, count: 60_000), length: 65_000), on: stream)
            }
          })
        await world.expectNeighbourServed(4)
      }
      #expect(await world.server.highestHeldBytes() > 15 * 1024 * 1024, "the server never came near its bound")
      #expect(await world.server.highestHeldBytes() <= configuration.maximumHeldBytes + 64 * 1024)
      await world.expectNeighbourServed()
    }
  }

  @Test("the process takes as much memory as the server says it holds, and little more")
  func memory() async throws {
    guard try OwnProcess.isRunning("HeldBytesTests/memory") else { return }
    var configuration = ServerConfiguration()
    configuration.maximumHeldBytes = 24 * 1024 * 1024
    try await AttackWorld.run(configuration) { world in
      // Shared by all streams, since the peers live in this process, too. In all 4 GiB would come if nothing held it back.
      let part = RawCall.frame([UInt8](repeating: 0, count: 2_000_000), length: 4_000_000)
      let command = RawCall.frame(try StringValue("large 65536").serialized())
      await world.expectNeighbourServed(50)
      let before = OwnProcess.residentByteCount
      for index in 0..<16 {
        _ = try await world.attack(settings: index % 2 == 0 ? [] : [(4, 0)]) { peer in
          for stream in Self.streams {
            let path = index % 4 == 0 ? Stubborn.ignore.path : Kitchen.command.path
            peer.send(FramePeer.request(path, on: stream))
            peer.sendBody(index % 2 == 0 ? part : command, on: stream, ends: index % 2 == 1)
          }
        }
        await world.expectNeighbourServed(10)
      }
      let grown = OwnProcess.residentByteCount - before
      #expect(await world.server.highestHeldBytes() <= 24 * 1024 * 1024 + 64 * 1024)
      #expect(await world.server.highestHeldBytes() > 8 * 1024 * 1024, "nothing was held")
      // Twice, because arrays grow by doubling and the allocator keeps what is free; and the peers' own state.
      #expect(grown < 64 * 1024 * 1024, "\(grown) bytes")
      world.stubborn.letGo()
    }
  }

  @Test("large requests at a time on one connection all arrive, one after the other where they do not fit")
  func lawfulUploads() async throws {
    try await AttackWorld.run { world in
      let size = 3_000_000
      let calls = (0..<6).map { index in
        Task { await world.size(of: size + index) }
      }
      for (index, call) in calls.enumerated() { #expect(await call.value == "\(size + index)") }
      #expect(await world.server.highestHeldBytes() <= Self.connectionBound)
    }
  }

  @Test("many large replies to a client that reads all arrive")
  func lawfulDownloads() async throws {
    try await AttackWorld.run { world in
      let calls = (0..<256).map { _ in Task { await world.large(100_000) } }
      for call in calls { #expect(await call.value == 100_000) }
    }
  }
}

/// Attacks that make a server wait.
@Suite("What peers make a server wait for")
struct SlowPeerTests {
  @Test("a request that is not complete in time is reset, with or without a deadline of its own")
  func halfOpen() async throws {
    var configuration = ServerConfiguration()
    configuration.reflection = RPCDescriptors.files
    try await AttackWorld.run(configuration) { world in
      let paths = [
        "/grpc.health.v1.Health/Check", Kitchen.command.path,
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      ]
      var peers: [LoopBound<FramePeer>] = []
      for index in 0..<45 {
        peers.append(
          try await world.attack { peer in
            for number in 0..<250 { peer.send(FramePeer.request(paths[index % 3], on: UInt32(1 + 2 * number))) }
          })
      }
      #expect(await world.server.runningCalls() == 45 * 250)
      #expect(await world.server.runningHandlers() == 0)
      await world.expectNeighbourServed()
      #expect(await world.health() == .ok)
      await world.clock.advance(by: .seconds(35))
      #expect(await world.server.runningCalls() == 0)
      // Each is answered before it is reset.
      for peer in peers { #expect(await world.on(peer) { $0.ended.count } == 250) }
      await world.expectNeighbourServed()
    }
  }

  @Test(
    "a request that comes byte by byte is as late as one that does not come", arguments: [1, 100, 500])
  func drip(bytesPerSecond: Int) async throws {
    try await AttackWorld.run { world in
      let peer = try await world.attack { peer in
        peer.send(FramePeer.request(Kitchen.command.path, on: 1))
        peer.sendBody(RawCall.frame([], length: 1_000_000), on: 1)
      }
      var seconds = 0
      while await world.server.runningCalls() > 0, seconds < 200 {
        seconds += 1
        await world.on(peer) { $0.sendBody([UInt8](repeating: 0, count: bytesPerSecond), on: 1) }
        await world.clock.advance(by: .seconds(1))
      }
      #expect((30...65).contains(seconds))
      #expect(await world.on(peer) { $0.ended } == [1])
    }
  }

  @Test("a request that comes slowly, but not too slowly, is answered however long it takes")
  func steady() async throws {
    try await AttackWorld.run { world in
      let peer = try await world.attack { $0.send(FramePeer.request(Kitchen.command.path, on: 1)) }
      let text = "size " + String(repeating: "a", count: 149_995)
      let body = RawCall.frame(try StringValue(text).serialized())
      for second in 0..<100 {
        let part = Array(body[second * body.count / 100..<(second + 1) * body.count / 100])
        await world.on(peer) { $0.sendBody(part, on: 1, ends: second == 99) }
        await world.clock.advance(by: .seconds(1))
      }
      #expect(await world.on(peer) { $0.ended } == [1])
      #expect(await world.on(peer) { $0.bodyByteCount } == RawCall.frame([10, 6] + [UInt8]("149995".utf8)).count)
    }
  }

  @Test("a header block that does not end in time ends its connection", arguments: [true, false])
  func headerBlock(inContinuations: Bool) async throws {
    try await AttackWorld.run { world in
      let block = FramePeer.block(Kitchen.command.path)
      let peer = try await world.attack { peer in
        var frame = FramePeer.request(Kitchen.command.path, on: 1)
        if inContinuations {
          frame.flags = 0
          frame.payload = Array(block.prefix(20))
          peer.send(frame)
        } else {
          peer.tcp.write(Array(frame.bytes.prefix(9 + 20)))
        }
      }
      var halves = 0
      while await world.on(peer, { !$0.isClosed }), halves < 60 {
        let byte = block[20 + halves]
        let number = halves
        halves += 1
        await world.on(peer) { peer in
          guard inContinuations else { return peer.tcp.write([byte]) }
          // A frame for each byte until as many as a block may have, then one frame byte by byte.
          if number < 6 {
            peer.send(HTTP2Frame(HTTP2Frame.Kind.continuation, on: 1, [byte]))
          } else if number == 6 {
            peer.tcp.write(Array(HTTP2Frame(HTTP2Frame.Kind.continuation, on: 1, block).bytes.prefix(9)))
          } else {
            peer.tcp.write([byte])
          }
        }
        await world.clock.advance(by: .milliseconds(500))
      }
      #expect((20...28).contains(halves))
      #expect(await world.on(peer) { $0.goAway } == HTTP2ErrorCode.enhanceYourCalm.rawValue)
      #expect(await world.server.runningCalls() == 0)
      await world.expectNeighbourServed()
    }
  }

  @Test("a reply that is read byte by byte is as late as one that is not read")
  func slowReader() async throws {
    try await AttackWorld.run { world in
      let peer = try await world.attack(settings: [(4, 0)]) { peer in
        peer.send(FramePeer.request(Kitchen.command.path, on: 1))
        peer.sendBody(RawCall.frame([10, 12] + [UInt8]("large 100000".utf8)), on: 1, ends: true)
      }
      var seconds = 0
      while await world.on(peer, { $0.resets.isEmpty }), seconds < 200 {
        seconds += 1
        await world.on(peer) { $0.send(HTTP2Frame(HTTP2Frame.Kind.windowUpdate, on: 1, [0, 0, 0, 100])) }
        await world.clock.advance(by: .seconds(1))
      }
      #expect((30...40).contains(seconds))
      #expect(await world.server.heldBytes() < 2000)
    }
  }

  @Test("a peer that does not read its socket is closed when its time is over")
  func deafPeer() async throws {
    try await AttackWorld.run { world in
      // Every window is open, so that only the socket holds the reply back.
      let peer = try await world.attack(settings: [(4, 0x7FFF_FFFF)]) { peer in
        peer.tcp.pauseReading()
        peer.send(
          HTTP2Frame(HTTP2Frame.Kind.windowUpdate, HTTP2Frame.bigEndian(0x7000_0000, byteCount: 4)),
          FramePeer.request(Kitchen.count.path, on: 1))
        peer.sendBody(RawCall.frame([8, 0xFF, 0xFF, 0xFF, 0x0F]), on: 1, ends: true)
      }
      await world.expectNeighbourServed()
      #expect(await world.server.heldBytes() > 100_000)
      // PINGs of its own keep it from being asked for one.
      for _ in 0..<8 {
        await world.on(peer) { $0.send(HTTP2Frame(HTTP2Frame.Kind.ping, [UInt8](repeating: 1, count: 8))) }
        await world.clock.advance(by: .seconds(5))
      }
      #expect(await world.server.heldBytes() == 0)
      #expect(await world.server.runningCalls() == 0)
      await world.expectNeighbourServed()
    }
  }

  @Test("handlers that go on after their deadline count until they return; health is answered all the time")
  func stubbornHandlers() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumCalls = 3
    try await AttackWorld.run(configuration) { world in
      for _ in 0..<3 {
        let before = world.stubborn.heldCount
        let call = Task {
          await world.call(Stubborn.hold, CallOptions(deadline: world.clock.deadline(after: .seconds(1))))
        }
        #expect(await eventually { world.stubborn.heldCount == before + 1 })
        await world.clock.advance(by: .seconds(2))
        #expect(await call.value == .deadlineExceeded)
      }
      #expect(await world.server.runningCalls() == 0)
      #expect(await world.server.runningHandlers() == 3)
      #expect(await world.call(Kitchen.command) == .resourceExhausted)
      #expect(await world.health() == .ok)
      world.stubborn.letGo()
      #expect(await eventually { await world.server.runningHandlers() == 0 })
      await world.expectNeighbourServed()
    }
  }

  @Test("half-open requests of one client are bounded over all its connections, the slowest go first")
  func halfOpenOfClient() async throws {
    var configuration = ServerConfiguration()
    configuration.connectionLimits.waitingRequestsPerClient = 100
    try await AttackWorld.run(configuration) { world in
      var peers: [LoopBound<FramePeer>] = []
      for _ in 0..<4 {
        peers.append(
          try await world.attack { peer in
            for number in 0..<50 { peer.send(FramePeer.request(Kitchen.command.path, on: UInt32(1 + 2 * number))) }
          })
      }
      #expect(await world.server.runningCalls() == 200)
      // One goes on: it is not among the slowest.
      await world.clock.advance(by: .milliseconds(100))
      await world.on(peers[0]) { $0.sendBody(RawCall.frame([], length: 1000), on: 49) }
      await world.clock.advance(by: .seconds(3))
      #expect(await world.server.runningCalls() == 100)
      #expect(await world.on(peers[0]) { !$0.ended.contains(49) })
      await world.expectNeighbourServed()
    }
  }

  @Test("calls that end at their deadline are no abuse, however many", arguments: [true, false])
  func deadlines(haveDeadline: Bool) async throws {
    try await AttackWorld.run { world in
      let peer = try await world.attack()
      for round in 0..<10 {
        let streams = (0..<256).map { UInt32(1 + 2 * (round * 256 + $0)) }
        await world.on(peer) { peer in
          for stream in streams {
            let timeout = haveDeadline ? [("grpc-timeout", "100m")] : []
            peer.send(FramePeer.request(Stubborn.hold.path, on: stream, extra: timeout))
            peer.sendBody(RawCall.frame([]), on: stream, ends: true)
          }
        }
        await world.clock.advance(by: .milliseconds(60))
        // The client's clock began to run earlier.
        await world.on(peer) { peer in
          for stream in streams { peer.send(HTTP2Frame(HTTP2Frame.Kind.resetStream, on: stream, [0, 0, 0, 8])) }
        }
        await world.clock.advance(by: .milliseconds(40))
      }
      #expect(await world.on(peer) { $0.isClosed } == !haveDeadline)
      #expect(await world.on(peer) { $0.goAway } == (haveDeadline ? nil : HTTP2ErrorCode.enhanceYourCalm.rawValue))
      world.stubborn.letGo()
      await world.expectNeighbourServed()
    }
  }
}
