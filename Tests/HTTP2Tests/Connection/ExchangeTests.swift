import HTTP2
import Testing

@Suite("Requests between our client and our server")
struct ExchangeTests {
  @Test("a request without a body gets its answer")
  func hello() async throws {
    try await withClient { server, client in
      let reply = await client.get("/hello")
      #expect(reply.status == "200")
      #expect(reply.text == "hello")
      #expect(reply.fields["server"] == "test")
      #expect(reply.fields["x-path"] == "/hello")
      #expect(reply.ended)
      #expect(reply.code == .noError)
      #expect(client.isReady)
      #expect(await eventually { server.streamEnds == [.noError] })
    }
  }

  @Test("bodies of every size come back whole", arguments: [0, 1, 100, 16_384, 16_385, 65_535, 65_536, 1_000_000])
  func echo(count: Int) async throws {
    try await withClient { _, client in
      let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      let reply = await client.post("/echo", body)
      #expect(reply.body == body)
      #expect(reply.trailers["x-result"] == "done")
      #expect(reply.trailers["x-count"] == String(count))
      #expect(reply.ended)
    }
  }

  @Test("fields and trailers arrive in order, repeated ones too")
  func fields() async throws {
    try await withClient { _, client in
      let fields = HeaderFields([
        "x-a": "1", "x-b": "", "x-a": "2", "x-text": "grüße", "x-long": String(repeating: "v", count: 4000),
      ])
      let reply = await client.get("/fields", fields: fields)
      #expect(reply.fields.values(of: "x-a") == ["1", "2"])
      #expect(reply.fields["x-b"] == "")
      #expect(reply.fields["x-text"] == "grüße")
      #expect(reply.fields["x-long"]?.utf8.count == 4000)
      #expect(reply.trailers["x-result"] == "done")
      #expect(reply.trailers.values(of: "x-a") == ["1", "2"])
    }
  }

  @Test("an answer can be headers only", arguments: ["/empty", "/trailers-only", "/nowhere", "/informational"])
  func headersOnly(path: String) async throws {
    try await withClient { _, client in
      let reply = await client.get(path)
      #expect(reply.status == (path == "/nowhere" ? "404" : "200"))
      #expect(reply.body.isEmpty)
      #expect(reply.ended)
      if path == "/trailers-only" { #expect(reply.fields["grpc-status"] == "12") }
    }
  }

  @Test("streams share a connection and end independently")
  func concurrent() async throws {
    try await withClient { server, client in
      let calls = try (0..<200).map { try client.open($0 % 2 == 0 ? "/hello" : "/bytes/30000") }
      for (index, call) in calls.enumerated() {
        let reply = await call.reply()
        #expect(reply.body.count == (index % 2 == 0 ? 5 : 30_000))
      }
      #expect(server.connections.count == 1)
      #expect(server.requests.count == 200)
    }
  }

  @Test("more requests than the server allows at a time wait their turn")
  func waiting() async throws {
    var limits = HTTP2Limits()
    limits.concurrentStreams = 3
    try await withClient(server: limits) { _, client in
      _ = await client.get("/hello")
      let calls = try (0..<50).map { _ in try client.open("/hello") }
      for call in calls {
        let reply = await call.reply()
        #expect(reply.text == "hello")
      }
    }
  }

  @Test("a stream the server resets ends with the server's code, the connection goes on")
  func reset() async throws {
    try await withClient { _, client in
      #expect(await client.get("/reset").code == .internalError)
      #expect(await client.get("/reset-twice").code == .cancel)
      #expect(await client.get("/hello").text == "hello")
    }
  }

  @Test("a stream the client resets ends on the server too")
  func cancel() async throws {
    try await withClient { server, client in
      let call = try client.open("/silent")
      #expect(await eventually { server.exchanges.count == 1 })
      call.stream?.reset(.cancel)
      let reply = await call.reply()
      #expect(reply.code == .cancel)
      #expect(await eventually { server.streamEnds == [.cancel] })
      #expect(await client.get("/hello").text == "hello")
    }
  }

  @Test("a header list over the limit is answered with 431")
  func headerListTooLarge() async throws {
    var limits = HTTP2Limits()
    limits.headerListByteCount = 2000
    try await withClient(server: limits) { server, client in
      let large = HeaderFields(["x-large": String(repeating: "x", count: 3000)])
      #expect(await client.get("/fields", fields: large).status == "431")
      #expect(server.tooLarge == 1)
      #expect(server.requests.isEmpty)
      #expect(await client.get("/hello").text == "hello")
    }
  }

  @Test("an answer's header list over the client's limit ends the stream only")
  func answerTooLarge() async throws {
    var limits = HTTP2Limits()
    limits.headerListByteCount = 1000
    try await withClient(client: limits) { _, client in
      let large = HeaderFields(["x-large": String(repeating: "x", count: 3000)])
      let reply = await client.get("/fields", fields: large)
      #expect(reply.code == .cancel)
      #expect(!reply.ended)
      #expect(await client.get("/hello").text == "hello")
    }
  }

  @Test("fields too long for the engine end the stream with an error", arguments: ["/large-fields", "/large-trailers"])
  func fieldsTooLong(path: String) async throws {
    try await withClient { _, client in
      let reply = await client.get(path)
      #expect(reply.code == .internalError)
      #expect(!reply.ended)
      #expect(await client.get("/hello").text == "hello")
    }
  }
}
