import HTTP2
import Reactor
import Testing

@Suite("The life of a connection")
struct LifetimeTests {
  @Test("a draining server lets open streams finish, takes no new ones and closes in order")
  func drain() async throws {
    try await withClient { server, client in
      let call = try client.open("/silent")
      #expect(await eventually { server.exchanges.count == 1 })
      server.connections.first?.drain()
      #expect(await eventually { client.goAway != nil })
      #expect(client.connection?.takesStreams == false)
      #expect(throws: HTTP2Error.cannotOpenStream) { try client.open("/hello") }
      #expect(client.closeReason == nil)
      let stream = server.exchanges.first?.stream
      stream?.sendHeaders(nil, HeaderFields([":status": "204"]), endsStream: true)
      let reply = await call.reply()
      #expect(reply.status == "204")
      #expect(reply.ended)
      #expect(await eventually { client.closeReason == .orderly && server.closeReasons == [.orderly] })
    }
  }

  @Test("requests already on their way when the drain begins are answered")
  func drainRace() async throws {
    try await withClient { server, client in
      _ = await client.get("/hello")
      server.connections.first?.drain()
      let call = try client.open("/hello")
      #expect(await call.reply().text == "hello")
      #expect(await eventually { client.closeReason == .orderly })
    }
  }

  @Test("a draining client waits for its streams")
  func clientDrain() async throws {
    try await withClient { server, client in
      let call = try client.open("/bytes/500000")
      client.connection?.drain()
      #expect(throws: HTTP2Error.cannotOpenStream) { try client.open("/hello") }
      #expect(await call.reply().body.count == 500_000)
      #expect(await eventually { client.closeReason == .orderly && server.connections.isEmpty })
    }
  }

  @Test("an idle connection ends in order, one with an open stream does not")
  func idle() async throws {
    var limits = HTTP2Limits()
    limits.idleTimeout = .milliseconds(150)
    try await withClient(server: limits) { server, client in
      let call = try client.open("/silent")
      #expect(await eventually { server.exchanges.count == 1 })
      try await server.loop.sleep(for: .milliseconds(400))
      #expect(client.closeReason == nil)
      server.exchanges.first?.stream.reset(.cancel)
      _ = await call.reply()
      #expect(await eventually { client.closeReason == .orderly && server.closeReasons == [.orderly] })
    }
  }

  @Test("a quiet peer that answers PINGs stays")
  func keepaliveAnswered() async throws {
    var limits = HTTP2Limits()
    limits.keepaliveInterval = .milliseconds(20)
    limits.keepaliveTimeout = .seconds(20)
    try await withClient(server: limits) { server, client in
      _ = await client.get("/hello")
      try await server.loop.sleep(for: .milliseconds(300))
      #expect(client.closeReason == nil)
      #expect(await client.get("/hello").text == "hello")
    }
  }

  @Test("a peer that does not answer PINGs is given up, its streams are told")
  func keepaliveLost() async throws {
    var limits = HTTP2Limits()
    limits.keepaliveInterval = .milliseconds(50)
    limits.keepaliveTimeout = .milliseconds(50)
    try await withClient(server: limits) { server, client in
      _ = try client.open("/silent")
      #expect(await eventually { server.exchanges.count == 1 })
      client.connection?.tcp.pauseReading()
      #expect(await eventually { server.closeReasons == [.keepaliveTimeout] })
      #expect(server.streamEnds.count == 1)
    }
  }

  @Test("a peer that says nothing is closed after the handshake timeout")
  func handshake() async throws {
    var limits = HTTP2Limits()
    limits.handshakeTimeout = .milliseconds(100)
    try await World.run(limits: limits) { world in
      try await world.onLoop { server in
        let tcp = try await TestClient.connect(server.address)
        #expect(await eventually { server.closeReasons == [.handshakeTimeout] })
        tcp.close()
      }
    }
  }

  @Test("when the connection breaks every open stream is told, once")
  func broken() async throws {
    try await withClient { server, client in
      let calls = try (0..<5).map { _ in try client.open("/silent") }
      #expect(await eventually { server.exchanges.count == 5 })
      client.connection?.close()
      for call in calls {
        let reply = await call.reply()
        #expect(!reply.ended)
        #expect(reply.code == .internalError)
      }
      #expect(client.closeReason == .transport(nil))
      #expect(await eventually { server.connections.isEmpty })
      #expect(server.streamEnds.count == 5)
    }
  }

  @Test(
    "a delegate may close the connection from inside its callbacks",
    arguments: ["/close", "/close-on-body", "/close-on-writable", "/close-on-closed"])
  func closeInside(path: String) async throws {
    try await withClient { server, client in
      // Several requests in one read: what follows the closing one must not reach anybody.
      let paths = ["/bytes/100000", path, "/hello", "/echo", path, "/bytes/100000"]
      let calls = try paths.map { try client.open($0, method: "POST", endsStream: false) }
      for call in calls {
        call.stream?.write([UInt8](repeating: 1, count: 1000))
        call.stream?.finish()
      }
      for call in calls { _ = await call.reply() }
      #expect(await eventually { server.connections.isEmpty })
      #expect(server.closeReasons == [.transport(nil)])
      if path == "/close" { #expect(server.requests == ["/bytes/100000", path]) }
    }
  }

  @Test("connections and streams are freed when they are over")
  func freed() async throws {
    try await World.run { world in
      try await world.onLoop { server in
        let remembered = Remembered()
        do {
          let client = try await TestClient(server.address)
          let call = try client.open("/silent")
          #expect(await eventually { server.exchanges.count == 1 })
          remembered.note(client.connection, server.connections.first, call.stream, server.exchanges.first?.stream)
          #expect(remembered.count == 6)
          client.connection?.close()
          call.stream = nil
        }
        #expect(await eventually { server.connections.isEmpty })
        server.exchanges.removeAll()
        #expect(await eventually { remembered.count == 0 })
      }
    }
  }
}

/// Weak references to what should go away.
private final class Remembered {
  private struct Reference {
    weak var object: AnyObject?
  }

  private var references: [Reference] = []

  func note(_ client: HTTP2Connection?, _ server: HTTP2Connection?, _ streams: HTTP2Stream?...) {
    let objects: [AnyObject?] = [client, client?.session, server, server?.session] + streams
    references = objects.map { Reference(object: $0) }
  }

  /// How many are still there.
  var count: Int { references.count { $0.object != nil } }
}
