import Reactor
import TestSupport
import Testing

@testable import HTTP2

@Suite("Requests that wait, and requests that nobody waits for")
struct WaitingRequestTests {
  private static let request = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "test")]

  @Test("a request that waits until replies are read goes with its stream, and nothing of it is kept")
  func goesWithItsStream() throws {
    let server = try FrameServer(answers: false)
    server.receive([.settings(), .settingsAcknowledgement], preface: true)
    weak var kept: Marker?
    for index in 0..<1000 {
      let id = UInt32(1 + 2 * index)
      server.receive([.headers(on: id, Self.request)])
      let stream = try #require(server.session.streams.first)
      let marker = Marker()
      kept = marker
      stream.whenReplyFits { marker.isCalled = true }
      #expect(server.session.waitingForRoom.count == 1)
      server.receive([.reset(on: id, code: 8)])
      #expect(!marker.isCalled)
    }
    #expect(kept == nil)
    #expect(server.session.waitingForRoom.isEmpty)
    server.session.abandon()
  }

  @Test("requests that wait begin in their order")
  func order() throws {
    let server = try FrameServer(answers: false)
    server.receive([.settings(), .settingsAcknowledgement], preface: true)
    var begun: [Int32] = []
    for index in 0..<5 {
      server.receive([.headers(on: UInt32(1 + 2 * index), Self.request)])
      let stream = try #require(server.session.streams.last)
      stream.whenReplyFits { begun.append(stream.id) }
    }
    server.receive([.reset(on: 5, code: 8)])
    server.session.resumeWaiting()
    #expect(begun == [1, 3, 7, 9])
    server.session.abandon()
  }

  @Test("a request whose header list is too long is answered and let go, whether its body follows or not")
  func tooLong() throws {
    var limits = HTTP2Limits()
    limits.headerListByteCount = 500
    let server = try FrameServer(limits: limits)
    server.receive([.settings(), .settingsAcknowledgement], preface: true)
    let long = Self.request + (0..<5).map { ("x-\($0)", String(repeating: "v", count: 120)) }
    server.receive([.headers(on: 1, long, flags: HTTP2Frame.Flag.endHeaders)])
    #expect(server.isAnswered(1))
    #expect(server.resetCode(on: 1) == .noError)
    server.receive([.headers(on: 3, long)])
    #expect(server.isAnswered(3))
    #expect(server.session.streamCount == 0)
    #expect(server.session.heldByteCount == 0)
    server.session.abandon()
  }

  private final class Marker {
    var isCalled = false
  }
}
