import Reactor
import TestSupport
import Testing

@testable import HTTP2

/// One exchange, its bytes handed over in two reads that meet at each place there is: what the streams are told must not depend on it.
@Suite("Frames split between reads")
struct SplitFrameTests {
  /// What the two sides of an exchange say.
  struct Message: Sendable, CustomTestStringConvertible {
    let name: String
    var body: [UInt8] = []
    var hasTrailers = false
    var testDescription: String { name }
  }

  static let messages = [
    Message(name: "without a body"), Message(name: "with a body", body: Array("0123456789abcdefghijklmnop".utf8)),
    Message(name: "with a body and trailers", body: Array("0123456789".utf8), hasTrailers: true),
    Message(name: "with trailers only", hasTrailers: true),
  ]

  @Test("a request is told to the server in the same way", arguments: messages, FrameShape.allCases)
  func request(message: Message, shape: FrameShape) throws {
    let frames = HTTP2Frame.parse(Array(try requestBytes(message).dropFirst(HTTP2Frame.preface.count)))
    let bytes = HTTP2Frame.preface + shape.apply(to: frames).flatMap(\.bytes)
    for place in 0..<bytes.count {
      let session = try HTTP2Session(role: .server)
      let record = Record()
      session.delegate = record
      try feed(Array(bytes[..<place]), to: session)
      try feed(Array(bytes[place...]), to: session)
      expect(record, message, "split at \(place) of \(bytes.count)")
      session.abandon()
    }
  }

  @Test("a response is told to the client in the same way", arguments: messages, FrameShape.allCases)
  func response(message: Message, shape: FrameShape) throws {
    let frames = HTTP2Frame.parse(try responseBytes(message))
    let bytes = shape.apply(to: frames).flatMap(\.bytes)
    for place in 0..<bytes.count {
      let session = try HTTP2Session(role: .client)
      let record = Record()
      session.delegate = record
      _ = try session.openStream(nil, Self.request, endsStream: true, delegate: record)
      while session.nextOutput({ _ in }) {}
      try feed(Array(bytes[..<place]), to: session)
      try feed(Array(bytes[place...]), to: session)
      expect(record, message, "split at \(place) of \(bytes.count)")
      #expect(record.closed == .noError)
    }
  }

  @Test("a body read byte by byte ends once", arguments: FrameShape.allCases)
  func byteByByte(shape: FrameShape) throws {
    let message = Self.messages[1]
    let frames = HTTP2Frame.parse(Array(try requestBytes(message).dropFirst(HTTP2Frame.preface.count)))
    let session = try HTTP2Session(role: .server)
    let record = Record()
    session.delegate = record
    for byte in HTTP2Frame.preface + shape.apply(to: frames).flatMap(\.bytes) {
      try feed([byte], to: session)
    }
    expect(record, message, "byte by byte")
    session.abandon()
  }

  @Test("a header block of as many CONTINUATION frames as are allowed may arrive byte by byte, one more may not")
  func continuations() throws {
    let limit = HTTP2Limits().continuations
    let frames = HTTP2Frame.parse(Array(try requestBytes(Self.messages[0]).dropFirst(HTTP2Frame.preface.count)))
    for (count, error) in [(limit, nil), (limit + 1, .terminated(.enhanceYourCalm))] as [(Int, HTTP2Error?)] {
      let cut = frames.flatMap { $0.kind == HTTP2Frame.Kind.headers ? $0.continued(in: count) : [$0] }
      let session = try HTTP2Session(role: .server)
      let record = Record()
      session.delegate = record
      var thrown: HTTP2Error?
      do throws(HTTP2Error) {
        for byte in HTTP2Frame.preface + cut.flatMap(\.bytes) { try feed([byte], to: session) }
      } catch {
        thrown = error
      }
      #expect(thrown == error)
      #expect(record.ends == (error == nil ? 1 : 0))
      session.abandon()
    }
  }

  @Test("a body that arrives in one read says with its bytes that it ends", arguments: [FrameShape.asSent, .padded])
  func whole(shape: FrameShape) throws {
    let frames = HTTP2Frame.parse(Array(try requestBytes(Self.messages[1]).dropFirst(HTTP2Frame.preface.count)))
    let session = try HTTP2Session(role: .server)
    let record = Record()
    session.delegate = record
    let bytes = HTTP2Frame.preface + shape.apply(to: frames).flatMap(\.bytes)
    try feed(bytes, to: session)
    #expect(record.lastPartSaidSo)
    session.abandon()
  }

  private func expect(_ record: Record, _ message: Message, _ place: String) {
    #expect(record.path == "/split", "\(place)")
    #expect(record.body == message.body, "\(place)")
    #expect(record.trailer == (message.hasTrailers ? "t" : nil), "\(place)")
    #expect(record.ends == 1, "\(place)")
    #expect(record.faults.isEmpty, "\(place): \(record.faults)")
  }

  private static let request = HeaderFields([
    ":method": "POST", ":scheme": "http", ":path": "/split", ":authority": "test", "x-echo": "/split",
  ])

  private func requestBytes(_ message: Message) throws -> [UInt8] {
    let client = try HTTP2Session(role: .client)
    let endsAtOnce = message.body.isEmpty && !message.hasTrailers
    let stream = try client.openStream(nil, Self.request, endsStream: endsAtOnce, delegate: nil)
    stream.write(message.body)
    stream.finish(trailers: message.hasTrailers ? HeaderFields(["x-trailer": "t"]) : nil)
    return output(of: client)
  }

  private func responseBytes(_ message: Message) throws -> [UInt8] {
    let server = try HTTP2Session(role: .server)
    let answer = Answer(message)
    server.delegate = answer
    try feed(try requestBytes(Self.messages[0]), to: server)
    return output(of: server)
  }

  private func feed(_ bytes: [UInt8], to session: HTTP2Session) throws(HTTP2Error) {
    try session.receive(bytes.span.bytes, at: Instant(nanoseconds: 1))
  }

  private func output(of session: HTTP2Session) -> [UInt8] {
    var bytes: [UInt8] = []
    while session.nextOutput({ bytes.append(contentsOf: $0) }) {}
    session.abandon()
    return bytes
  }
}

/// What a stream was told, on either side.
private final class Record: HTTP2SessionDelegate, HTTP2StreamDelegate {
  private(set) var path: String?
  private(set) var body: [UInt8] = []
  private(set) var trailer: String?
  private(set) var ends = 0
  private(set) var lastPartSaidSo = false
  private(set) var closed: HTTP2ErrorCode?
  private(set) var faults: [String] = []

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    stream.delegate = self
    path = fields[":path"]
  }

  func response(_ fields: borrowing HeaderFields, endsStream: Bool, on stream: HTTP2Stream) { path = fields["x-echo"] }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    if lastPartSaidSo { faults.append("bytes behind the part that was said to be the last") }
    if ends > 0 { faults.append("bytes behind the end") }
    lastPartSaidSo = endsStream
    body += bytes.withUnsafeBytes { [UInt8]($0) }
    stream.consume(bytes.byteCount)
  }

  func trailers(_ fields: borrowing HeaderFields, on stream: HTTP2Stream) {
    if lastPartSaidSo { faults.append("trailers behind the part that was said to be the last") }
    trailer = fields["x-trailer"]
  }

  func ended(_ stream: HTTP2Stream) { ends += 1 }
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) { closed = code }
  func outputReady() {}
}

private final class Answer: HTTP2SessionDelegate {
  private let message: SplitFrameTests.Message

  init(_ message: SplitFrameTests.Message) { self.message = message }

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    let head = HeaderFields([":status": "200", "x-echo": fields["x-echo"] ?? ""])
    stream.sendHeaders(nil, head, endsStream: message.body.isEmpty && !message.hasTrailers)
    stream.write(message.body)
    stream.finish(trailers: message.hasTrailers ? HeaderFields(["x-trailer": "t"]) : nil)
  }

  func outputReady() {}
}
