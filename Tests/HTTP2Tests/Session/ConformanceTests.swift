import TestSupport
import Testing

@testable import HTTP2

@Suite("RFC 9113, a server")
struct ConformanceTests {
  @Test("makes of each frame what its section says", arguments: ConformanceCase.ofClient)
  func client(of test: ConformanceCase) throws {
    // A stream that has been answered is closed, and frames on it are discarded.
    let server = try FrameServer(answers: !test.outcome.endsConnection)
    defer { server.session.abandon() }
    server.receive([.settings()], preface: true)
    for frame in test.frames { server.receive([frame]) }
    check(test, server)
  }

  @Test("makes the same of frames that arrive in one read", arguments: ConformanceCase.ofClient)
  func atOnce(of test: ConformanceCase) throws {
    let server = try FrameServer()
    defer { server.session.abandon() }
    server.receive([.settings()] + test.frames, preface: true)
    check(test, server)
  }

  private func check(_ test: ConformanceCase, _ server: FrameServer) {
    switch test.outcome {
    case .connection(let code):
      #expect(server.goAway == code)
      #expect(server.session.terminated == code)
      return
    case .stream(let code):
      #expect(server.resetCode(on: 1) == code)
      #expect(!server.whole.contains(1))
    case .answered: #expect(server.isAnswered(1))
    case .ignored: break
    }
    #expect(server.goAway == nil)
    guard test.section != "7" else { return }
    server.receive([.headers(on: 101, ConformanceCase.request)])
    #expect(server.isAnswered(101), "the connection goes on")
  }

  @Test("discards what follows a stream that it has refused, also when others were opened since")
  func refused() throws {
    var limits = HTTP2Limits()
    limits.concurrentStreams = 1
    let server = try FrameServer(limits: limits)
    defer { server.session.abandon() }
    let openFlags = HTTP2Frame.Flag.endHeaders
    server.receive([.settings(), .headers(on: 1, ConformanceCase.request, flags: openFlags)], preface: true)
    server.receive([.headers(on: 3, ConformanceCase.request, flags: openFlags)])
    #expect(server.resetCode(on: 3) == .refusedStream)
    server.receive([.reset(on: 1, code: 8), .headers(on: 5, ConformanceCase.request)])
    #expect(server.isAnswered(5))
    server.receive([.data(on: 3, [1]), .headers(on: 3, [("x-t", "1")])])
    #expect(server.goAway == nil)
    server.receive([.headers(on: 7, ConformanceCase.request)])
    #expect(server.isAnswered(7))
  }

  @Test("answers SETTINGS and PING, and no answers of them")
  func acknowledgements() throws {
    let server = try FrameServer()
    defer { server.session.abandon() }
    server.receive([.settings([(4, 100), (4, 1)])], preface: true)
    let payload = Array("opaque!!".utf8)
    let answer = server.receive([
      HTTP2Frame(HTTP2Frame.Kind.ping, payload),
      HTTP2Frame(HTTP2Frame.Kind.ping, flags: HTTP2Frame.Flag.acknowledgement, payload),
      HTTP2Frame(HTTP2Frame.Kind.settings, flags: HTTP2Frame.Flag.acknowledgement),
    ])
    #expect(answer == [HTTP2Frame(HTTP2Frame.Kind.ping, flags: HTTP2Frame.Flag.acknowledgement, payload)])
    #expect(
      server.output.count {
        $0.kind == HTTP2Frame.Kind.settings && $0.flags == HTTP2Frame.Flag.acknowledgement && $0.payload.isEmpty
      } == 1)
  }

  @Test("sends no more than the window, which a setting may take below zero and back")
  func windows() throws {
    let server = try FrameServer(body: Array(0..<10))
    defer { server.session.abandon() }
    func sent() -> [UInt8] { server.output.filter { $0.kind == HTTP2Frame.Kind.data }.flatMap(\.payload) }
    server.receive([.settings([(4, 3)]), .headers(on: 1, ConformanceCase.request)], preface: true)
    #expect(sent() == [0, 1, 2])
    server.receive([.settings([(4, 1)])])
    server.receive([.windowUpdate(on: 1, 2)])
    #expect(sent() == [0, 1, 2], "the window is 0: 3 were sent of 1 and 2")
    server.receive([.windowUpdate(on: 1, 1)])
    #expect(sent() == [0, 1, 2, 3])
    server.receive([.settings([(4, 100)])])
    #expect(sent() == Array(0..<10))
  }

  @Test("never sends a frame longer than the peer takes, and ends the stream once")
  func frameSize() throws {
    let server = try FrameServer(body: [UInt8](repeating: 7, count: 60_000))
    defer { server.session.abandon() }
    server.receive([.settings([(5, 16_384)]), .headers(on: 1, ConformanceCase.request)], preface: true)
    let frames = server.output.filter { $0.kind == HTTP2Frame.Kind.data }
    #expect(frames.allSatisfy { $0.payload.count <= 16_384 })
    #expect(frames.reduce(0) { $0 + $1.payload.count } == 60_000)
    #expect(frames.filter { $0.flags & HTTP2Frame.Flag.endStream != 0 }.count == 1)
    #expect(frames.last.map { $0.flags & HTTP2Frame.Flag.endStream } == HTTP2Frame.Flag.endStream)
  }
}

@Suite("RFC 9113, a client")
struct ClientConformanceTests {
  @Test("makes of each frame what its section says", arguments: ConformanceCase.ofServer)
  func server(of test: ConformanceCase) throws {
    let client = try FrameClient()
    defer { client.session.abandon() }
    client.receive([.settings(), .settingsAcknowledgement])
    for frame in test.frames { client.receive([frame]) }
    switch test.outcome {
    case .connection(let code):
      #expect(client.goAway == code)
      #expect(client.session.terminated == code)
    case .stream(let code):
      #expect(client.resetCode == code)
      #expect(client.goAway == nil)
      #expect(!client.hasEnded)
    case .answered, .ignored:
      #expect(client.goAway == nil)
      #expect(client.hasEnded == (test.outcome == .answered))
    }
  }
}
