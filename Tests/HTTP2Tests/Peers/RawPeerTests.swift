import HTTP2
import Testing

@Suite("Peers that break the rules")
struct RawPeerTests {
  @Test(
    "a broken rule ends the connection with the code that says which",
    arguments: [
      ("no_settings", .protocolError), ("oversize_frame", .frameSizeError), ("wrong_length_ping", .frameSizeError),
      ("settings_on_stream", .protocolError), ("data_on_idle_stream", .protocolError), ("even_stream", .protocolError),
      ("data_after_end", .streamClosed), ("broken_header_block", .compressionError),
      ("interrupted_header_block", .protocolError), ("connection_window_overflow", .flowControlError),
    ] as [(String, HTTP2ErrorCode)])
  func violation(name: String, code: HTTP2ErrorCode) async throws {
    try await World.run { world in
      let peer = try await RawPeer.run(name, in: world)
      #expect(peer.goAway == code)
      #expect(peer.closed)
      let reason = try await world.onLoop { $0.closeReasons.first }
      #expect(reason == .protocolError(code))
    }
  }

  @Test("what is not HTTP/2 is closed without a word", arguments: ["bad_preface", "almost_preface"])
  func notHTTP2(name: String) async throws {
    try await World.run { world in
      let peer = try await RawPeer.run(name, in: world)
      #expect(peer.closed)
      #expect(peer.statuses.isEmpty)
      let reasons = try await world.onLoop { $0.closeReasons }
      #expect(reasons.first == .notHTTP2)
    }
  }

  @Test(
    "a flood ends the connection",
    arguments: [
      "rapid_reset", "rapid_reset_by_server", "ping_flood", "settings_flood", "priority_flood", "unknown_flood",
      "window_update_flood", "window_update_on_stream_flood", "empty_data_flood", "continuation_flood",
      "empty_continuation_flood", "header_bomb",
    ])
  func flood(name: String) async throws {
    try await World.run { world in
      let peer = try await RawPeer.run(name, in: world)
      #expect(peer.closed)
      // The kernel drops what the peer has not read when it goes on sending, so the GOAWAY may be lost: our side knows.
      let reason = try await world.onLoop { $0.closeReasons.first }
      #expect(reason == .protocolError(.enhanceYourCalm))
      #expect([nil, .enhanceYourCalm].contains(peer.goAway))
    }
  }

  @Test("a window that is overrun or overflows resets its stream only")
  func streamErrors() async throws {
    try await World.run { world in
      let overflow = try await RawPeer.run("stream_window_overflow", in: world)
      #expect(overflow.resets == ["1": HTTP2ErrorCode.flowControlError.rawValue])
      let overrun = try await RawPeer.run("window_exceeded", in: world)
      #expect(overrun.resets == ["1": HTTP2ErrorCode.flowControlError.rawValue])
    }
  }

  @Test("a malformed request resets its stream, the connection stays")
  func malformed() async throws {
    try await World.run { world in
      let peer = try await RawPeer.run("malformed_requests", in: world)
      #expect(peer.resets.count == 9)
      #expect(peer.resets.values.allSatisfy { $0 == HTTP2ErrorCode.protocolError.rawValue })
      #expect(peer.statuses == ["19": "200"])
      #expect(peer.goaway == nil)
    }
  }

  @Test("a header list over the limit gets 431, the next request its answer")
  func tooLarge() async throws {
    try await World.run { world in
      let peer = try await RawPeer.run("header_list_too_large", in: world)
      #expect(peer.statuses == ["1": "431", "3": "200"])
    }
  }

  @Test("streams over the limit are refused, the others stay")
  func tooManyStreams() async throws {
    try await World.run { world in
      let peer = try await RawPeer.run("too_many_streams", in: world)
      #expect(peer.resets.count == 44)
      #expect(peer.resets.values.allSatisfy { $0 == HTTP2ErrorCode.refusedStream.rawValue })
      #expect(peer.goaway == nil)
    }
  }

  @Test("a peer that opens every window and reads nothing makes the server hold a bounded number of bytes")
  func readsNothing() async throws {
    try await World.run { world in
      let peer = try await RawPeer.run("reads_nothing", in: world)
      #expect(peer.body == 80_000_000)
      let limit = HTTP2Limits().connectionOutputByteCount
      let peak = try await world.onLoop { $0.socketBufferPeak }
      #expect(peak <= limit + 32 * 1024)
    }
  }

  @Test("odd but lawful peers are served")
  func lawful() async throws {
    try await World.run { world in
      for name in ["self_dependency", "byte_by_byte", "goes_away"] {
        let peer = try await RawPeer.run(name, in: world)
        #expect(peer.statuses == ["1": "200"], "\(name)")
      }
      let padded = try await RawPeer.run("padded", in: world)
      #expect(padded.body == 10_000)
      let half = try await RawPeer.run("half_close", in: world)
      #expect(half.closed)
      let open = try await world.onLoop { server in await eventually { server.connections.isEmpty } }
      #expect(open)
    }
  }
}
