import HTTP2
import Testing

@Suite("Flow control")
struct FlowControlTests {
  @Test("a reader that consumes nothing gets its window and no more")
  func slowReader() async throws {
    var small = HTTP2Limits()
    small.streamWindowByteCount = 100_000
    try await withClient(client: small) { server, client in
      let call = try client.open("/bytes/5000000", consumes: false)
      #expect(await eventually { call.state.body.count == 100_000 })
      // Another stream passes: one that is blocked does not block its connection.
      for _ in 0..<20 { #expect(await client.get("/hello").text == "hello") }
      #expect(call.state.body.count == 100_000)
      call.consumeEverything()
      #expect(await eventually { call.isClosed })
      #expect(call.state.body.count == 5_000_000)
      #expect(call.state.ended)
    }
  }

  @Test("a server that does not consume holds the client back")
  func slowServer() async throws {
    var limits = HTTP2Limits()
    limits.streamWindowByteCount = 70_000
    try await withClient(server: limits) { server, client in
      _ = await client.get("/hello")
      let call = try client.open("/sink", method: "POST", endsStream: false)
      call.stream?.write([UInt8](repeating: 1, count: 1_000_000))
      call.stream?.finish()
      #expect(await eventually { server.sunk == 70_000 })
      #expect(await client.get("/hello").text == "hello")
      #expect(server.sunk == 70_000)
      #expect(call.stream?.bufferedByteCount == 930_000)
      server.exchanges.first?.stream.consume(70_000)
      #expect(await eventually { server.sunk == 140_000 })
      call.stream?.reset(.cancel)
      #expect(await eventually { server.streamEnds.last == .cancel })
    }
  }

  @Test(
    "a peer that opens every window and does not read holds the limit of output and no more, however much is written")
  func unread() async throws {
    var wide = HTTP2Limits()
    wide.streamWindowByteCount = 1 << 30
    wide.connectionWindowByteCount = 1 << 30
    var patient = HTTP2Limits()
    patient.heldByteCount = 1 << 30
    try await withClient(server: patient, client: wide) { server, client in
      _ = await client.get("/hello")
      let calls = try (0..<3).map { _ in try client.open("/much") }
      client.connection?.tcp.flush()
      client.connection?.tcp.pauseReading()
      let limit = HTTP2Limits().connectionOutputByteCount
      #expect(await eventually { server.socketBufferPeak >= limit })
      #expect(server.socketBufferPeak <= limit + 32 * 1024)
      client.connection?.tcp.resumeReading()
      for call in calls { #expect(await call.reply().body.count == 20_000_000) }
      #expect(server.socketBufferPeak <= limit + 32 * 1024)
    }
  }

  @Test("a large download and a large upload pass each other")
  func bothWays() async throws {
    try await withClient { server, client in
      let download = try client.open("/bytes/8000000")
      let upload = try client.open("/echo", method: "POST", endsStream: false)
      upload.stream?.write([UInt8](repeating: 7, count: 3_000_000))
      upload.stream?.finish()
      #expect(await download.reply().body.count == 8_000_000)
      #expect(await upload.reply().body.count == 3_000_000)
      #expect(server.socketBufferPeak <= HTTP2Limits().connectionOutputByteCount + 32 * 1024)
    }
  }

  @Test("bytes left unconsumed by streams that are over do not use up the connection's window")
  func connectionWindow() async throws {
    var limits = HTTP2Limits()
    limits.connectionWindowByteCount = 128 * 1024
    limits.streamWindowByteCount = 64 * 1024
    try await withClient(server: limits, client: limits) { server, client in
      for round in 1...20 {
        let call = try client.open("/bytes/60000", consumes: false)
        #expect(await call.reply().body.count == 60_000)
        let upload = try client.open("/reset-on-body", method: "POST", endsStream: false)
        upload.stream?.write([UInt8](repeating: 7, count: 60_000))
        #expect(await upload.reply().code == .cancel)
        #expect(server.requests.count == 2 * round)
      }
    }
  }
}
