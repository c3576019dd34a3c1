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
