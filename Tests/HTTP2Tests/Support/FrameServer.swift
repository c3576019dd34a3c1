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
    output.last { $0.kind == HTTP2Frame.Kind.goAway }.map { code(in: $0.payload[4..<8]) }
  }

  func resetCode(on streamID: UInt32) -> HTTP2ErrorCode? {
    output.last { $0.kind == HTTP2Frame.Kind.resetStream && $0.streamID == streamID }.map { code(in: $0.payload[...]) }
  }

  func isAnswered(_ streamID: UInt32) -> Bool {
    output.contains { $0.kind == HTTP2Frame.Kind.headers && $0.streamID == streamID }
  }

  private func code(in bytes: ArraySlice<UInt8>) -> HTTP2ErrorCode {
    HTTP2ErrorCode(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })
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
