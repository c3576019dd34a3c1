@testable import HTTP2
import Reactor
import TestSupport

/// A server's session without a socket: frames go in, frames come out. Requests are answered with 200 when they have ended.
final class FrameServer: HTTP2SessionDelegate, HTTP2StreamDelegate {
  let session: HTTP2Session
  private let body: [UInt8]
  private let answers: Bool
  private(set) var thrown: HTTP2Error?
  /// Requests that were told, and those that were told to the end.
  private(set) var begun: [Int32] = []
  private(set) var whole: [Int32] = []
  private(set) var received: [Int32: [UInt8]] = [:]
  private(set) var output: [HTTP2Frame] = []
  private var clock = Instant(nanoseconds: 1)

  /// - Parameters:
  ///   - body: what each answer carries.
  ///   - answers: whether requests are answered at all.
  init(limits: HTTP2Limits = HTTP2Limits(), body: [UInt8] = [], answers: Bool = true) throws {
    session = try HTTP2Session(role: .server, limits: limits)
    self.body = body
    self.answers = answers
    session.delegate = self
  }

  deinit { session.delegate = nil }

  /// Hands the frames over in one read and takes what the session has to say, which is kept in `output` and answered.
  @discardableResult
  func receive(_ frames: [HTTP2Frame], preface: Bool = false) -> [HTTP2Frame] {
    receive((preface ? HTTP2Frame.preface : []) + frames.flatMap(\.bytes))
  }

  @discardableResult
  func receive(_ bytes: [UInt8]) -> [HTTP2Frame] {
    do throws(HTTP2Error) { try session.receive(bytes.span.bytes, at: clock) } catch { thrown = error }
    var answer: [UInt8] = []
    while session.nextOutput({ answer.append(contentsOf: $0) }) {}
    let frames = HTTP2Frame.parse(answer)
    output += frames
    return frames
  }

  /// The code of the GOAWAY that ended the connection.
  var goAway: HTTP2ErrorCode? {
    output.last { $0.kind == HTTP2Frame.Kind.goAway }.map { HTTP2ErrorCode(bytes: $0.payload[4..<8]) }
  }

  func resetCode(on streamID: UInt32) -> HTTP2ErrorCode? {
    output.last { $0.kind == HTTP2Frame.Kind.resetStream && $0.streamID == streamID }.map {
      HTTP2ErrorCode(bytes: $0.payload[...])
    }
  }

  func isAnswered(_ streamID: UInt32) -> Bool {
    output.contains { $0.kind == HTTP2Frame.Kind.headers && $0.streamID == streamID }
  }

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    stream.delegate = self
    begun.append(stream.id)
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    received[stream.id, default: []] += bytes.withUnsafeBytes { [UInt8]($0) }
  }

  func ended(_ stream: HTTP2Stream) {
    whole.append(stream.id)
    guard answers else { return }
    stream.sendHeaders(nil, HeaderFields([":status": "200"]), endsStream: body.isEmpty)
    stream.write(body)
    stream.finish()
  }

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {}
  func outputReady() {}
}

/// A client's session without a socket, with one request on stream 1 that has ended.
final class FrameClient: HTTP2SessionDelegate, HTTP2StreamDelegate {
  let session: HTTP2Session
  private(set) var hasEnded = false
  private var output: [HTTP2Frame] = []

  init() throws {
    session = try HTTP2Session(role: .client)
    session.delegate = self
    let fields = HeaderFields([":method": "POST", ":scheme": "http", ":path": "/", ":authority": "test"])
    _ = try session.openStream(nil, fields, endsStream: true, delegate: self)
    while session.nextOutput({ _ in }) {}
  }

  deinit { session.delegate = nil }

  func receive(_ frames: [HTTP2Frame]) {
    let bytes = frames.flatMap(\.bytes)
    // What went wrong is seen in what the session says.
    try? session.receive(bytes.span.bytes, at: Instant(nanoseconds: 1))
    var answer: [UInt8] = []
    while session.nextOutput({ answer.append(contentsOf: $0) }) {}
    output += HTTP2Frame.parse(answer)
  }

  var goAway: HTTP2ErrorCode? {
    output.last { $0.kind == HTTP2Frame.Kind.goAway }.map { HTTP2ErrorCode(bytes: $0.payload[4..<8]) }
  }

  /// The code that stream 1 was reset with.
  var resetCode: HTTP2ErrorCode? {
    output.last { $0.kind == HTTP2Frame.Kind.resetStream && $0.streamID == 1 }.map {
      HTTP2ErrorCode(bytes: $0.payload[...])
    }
  }

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {}
  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {}
  func ended(_ stream: HTTP2Stream) { hasEnded = true }
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {}
  func outputReady() {}
}

extension HTTP2ErrorCode {
  fileprivate init(bytes: ArraySlice<UInt8>) {
    self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })
  }
}
