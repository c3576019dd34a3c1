@testable import HTTP2
import TestSupport
import Testing

/// A peer that has its streams reset, by itself, by us or by the engine, over and over ("rapid reset", CVE-2023-44487, and "made you reset",
/// CVE-2025-8671).
@Suite("Resets that a peer provokes")
struct ProvokedResetTests {
  struct Provocation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let frames: @Sendable (UInt32) -> [HTTP2Frame]

    init(_ description: String, _ frames: @escaping @Sendable (UInt32) -> [HTTP2Frame]) {
      testDescription = description
      self.frames = frames
    }
  }

  private static let request = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "test")]
  private static let ends = HTTP2Frame.Flag.endStream
  private static let endHeaders = HTTP2Frame.Flag.endHeaders

  static let provocations = [
    Provocation("RST_STREAM of the peer") {
      [.headers(on: $0, request, flags: endHeaders), .reset(on: $0, code: 8)]
    },
    Provocation("a body longer than content-length") {
      [.headers(on: $0, request + [("content-length", "5")], flags: endHeaders), .data(on: $0, [1, 2, 3, 4, 5, 6])]
    },
    Provocation("a body shorter than content-length") {
      [.headers(on: $0, request + [("content-length", "5")], flags: endHeaders), .data(on: $0, [1], flags: ends)]
    },
    Provocation("an empty body with content-length") {
      [.headers(on: $0, request + [("content-length", "5")], flags: endHeaders), .data(on: $0, [], flags: ends)]
    },
    Provocation("no body with content-length") { [.headers(on: $0, request + [("content-length", "5")])] },
    Provocation("content-length that is no number") { [.headers(on: $0, request + [("content-length", "x")])] },
    Provocation("a window that overflows") {
      [.headers(on: $0, request, flags: endHeaders), .windowUpdate(on: $0, 0x7FFF_FFFF)]
    },
    Provocation("more than the stream's window") {
      [.headers(on: $0, request, flags: endHeaders), .data(on: $0, [UInt8](repeating: 0, count: 200))]
    },
    Provocation("an upper-case name") { [.headers(on: $0, request + [("X-Upper", "1")])] },
    Provocation("no path") { [.headers(on: $0, request.filter { $0.0 != ":path" })] },
    Provocation("a second block without END_STREAM") {
      [.headers(on: $0, request, flags: endHeaders), .headers(on: $0, [("x-more", "1")], flags: endHeaders)]
    },
    Provocation("a pseudo-header field in trailers") {
      [.headers(on: $0, request, flags: endHeaders), .headers(on: $0, [(":path", "/")])]
    },
    Provocation("trailers over the limit of a header list") {
      let field = ("x-large", String(repeating: "x", count: 120))
      return [.headers(on: $0, request, flags: endHeaders), .headers(on: $0, Array(repeating: field, count: 4))]
    },
  ]

  private static let limits: HTTP2Limits = {
    var limits = HTTP2Limits()
    limits.resetBurst = 100
    limits.streamWindowByteCount = 100
    limits.headerListByteCount = 500
    return limits
  }()

  @Test("end the connection when there are too many of them, whoever sends them", arguments: provocations)
  func counted(provocation: Provocation) throws {
    let server = try FrameServer(limits: Self.limits)
    server.receive([.settings(), .settingsAcknowledgement], preface: true)
    var streams = 0
    while server.thrown == nil, streams < 1000 {
      server.receive(provocation.frames(UInt32(1 + 2 * streams)))
      streams += 1
      if server.session.terminated != nil { break }
    }
    #expect(server.session.terminated == .enhanceYourCalm)
    #expect(server.goAway == .enhanceYourCalm)
    #expect(streams == Self.limits.resetBurst + 1)
    #expect(server.whole.isEmpty, "a request that breaks a rule is never told as whole")
    server.session.abandon()
  }

  @Test("do not count when a request was answered before it had ended")
  func answeredEarly() throws {
    let server = try FrameServer(limits: Self.limits)
    server.receive([.settings(), .settingsAcknowledgement], preface: true)
    let early = EarlyAnswer()
    server.session.delegate = early
    for index in 0..<1000 {
      server.receive([.headers(on: UInt32(1 + 2 * index), Self.request, flags: Self.endHeaders)])
    }
    #expect(server.output.count { $0.kind == HTTP2Frame.Kind.resetStream } == 1000)
    #expect(server.session.terminated == nil)
    server.session.abandon()
  }
}

/// Answers at once, as a server does that refuses a call or whose deadline has passed.
private final class EarlyAnswer: HTTP2SessionDelegate {
  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    stream.sendHeaders(nil, HeaderFields([":status": "200"]), endsStream: true)
    stream.resetAfterOutput()
  }

  func outputReady() {}
}
