import HTTP2
import TestSupport
import Testing

/// Frames of a peer and what RFC 9113 makes of them. The sections are the RFC's; the cases are those of sections 4 to 8 and of RFC 7541 that
/// a peer can get wrong.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  enum Outcome: Sendable, Equatable {
    /// GOAWAY with the code (§5.4.1).
    case connection(HTTP2ErrorCode)
    /// RST_STREAM on stream 1 with the code, and the connection goes on (§5.4.2).
    case stream(HTTP2ErrorCode)
    /// Stream 1 is answered.
    case answered
    /// Nothing happens, and the connection goes on.
    case ignored

    var endsConnection: Bool {
      if case .connection = self { true } else { false }
    }
  }

  let section: String
  let name: String
  let frames: [HTTP2Frame]
  let outcome: Outcome
  var testDescription: String { "\(section) \(name)" }

  init(_ section: String, _ name: String, _ frames: [HTTP2Frame], _ outcome: Outcome) {
    self.section = section
    self.name = name
    self.frames = frames
    self.outcome = outcome
  }
}

extension ConformanceCase {
  private typealias Kind = HTTP2Frame.Kind
  private typealias Flag = HTTP2Frame.Flag

  static let request = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "test")]

  /// HEADERS of a lawful request that goes on, on stream 1.
  private static let open = HTTP2Frame.headers(on: 1, request, flags: Flag.endHeaders)
  /// HEADERS of a lawful request, on stream 1.
  private static let whole = HTTP2Frame.headers(on: 1, request)
  private static let ping = HTTP2Frame(Kind.ping, Array("12345678".utf8))
  private static let noHeaders = HTTP2Frame.headers(on: 1, request, flags: Flag.endStream)
  private static let priority = HTTP2Frame(Kind.priority, on: 1, [0, 0, 0, 0, 15])

  private static func fields(_ changes: [(String, String)], without names: Set<String> = []) -> [HTTP2Frame] {
    [.headers(on: 1, request.filter { !names.contains($0.0) } + changes)]
  }

  private static func trailers(_ fields: [(String, String)]) -> [HTTP2Frame] { [open, .headers(on: 1, fields)] }

  private static func block(_ bytes: [UInt8]) -> [HTTP2Frame] {
    [HTTP2Frame(Kind.headers, flags: Flag.endHeaders | Flag.endStream, on: 1, whole.payload + bytes)]
  }

  private static func length(_ text: String, _ frames: [HTTP2Frame]) -> [HTTP2Frame] {
    [.headers(on: 1, request + [("content-length", text)], flags: Flag.endHeaders)] + frames
  }

  /// For a server.
  static let ofClient = framing + streams + frameKinds + settingsAndFlow + messages + compression

  private static let framing = [
    ConformanceCase(
      "4.1", "a frame of unknown kind", [HTTP2Frame(0xFF, flags: 0xFF, on: 0, [1, 2, 3]), whole], .answered),
    ConformanceCase("4.1", "flags that are not defined", [HTTP2Frame(Kind.ping, flags: 0xFE, ping.payload)], .ignored),
    ConformanceCase("4.1", "the reserved bit", [HTTP2Frame(Kind.ping, on: 0x8000_0000, ping.payload)], .ignored),
    ConformanceCase(
      "4.2", "DATA of the maximum size",
      [open, .data(on: 1, [UInt8](repeating: 0, count: 16_384), flags: Flag.endStream)], .answered),
    ConformanceCase(
      "4.2", "DATA over the maximum size", [open, .data(on: 1, [UInt8](repeating: 0, count: 16_385))],
      .connection(.frameSizeError)),
    ConformanceCase(
      "4.2", "HEADERS over the maximum size",
      [HTTP2Frame(Kind.headers, flags: Flag.endHeaders, on: 1, [UInt8](repeating: 0, count: 16_385))],
      .connection(.frameSizeError)),
    ConformanceCase(
      "4.3", "a block that cannot be decompressed",
      [HTTP2Frame(Kind.headers, flags: Flag.endHeaders, on: 1, [UInt8](repeating: 0xFF, count: 10))],
      .connection(.compressionError)),
    ConformanceCase("4.3", "PRIORITY within a block", [noHeaders, priority], .connection(.protocolError)),
    ConformanceCase(
      "4.3", "HEADERS of another stream within a block", [noHeaders, .headers(on: 3, request)],
      .connection(.protocolError)),
    ConformanceCase(
      "5.5", "an unknown frame within a block", [noHeaders, HTTP2Frame(0xFF, on: 0)],
      .connection(.protocolError)),
  ]

  private static let streams = [
    ConformanceCase("5.1", "DATA on an idle stream", [.data(on: 1, [1])], .connection(.protocolError)),
    ConformanceCase("5.1", "RST_STREAM on an idle stream", [.reset(on: 1, code: 8)], .connection(.protocolError)),
    ConformanceCase("5.1", "WINDOW_UPDATE on an idle stream", [.windowUpdate(on: 1, 1)], .connection(.protocolError)),
    ConformanceCase("5.1", "PRIORITY on an idle stream", [priority, whole], .answered),
    ConformanceCase(
      "5.1", "CONTINUATION on an idle stream",
      [HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 1)], .connection(.protocolError)),
    ConformanceCase(
      "5.1", "DATA behind END_STREAM", [open, .data(on: 1, [], flags: Flag.endStream), .data(on: 1, [1])],
      .connection(.streamClosed)),
    ConformanceCase("5.1", "HEADERS behind END_STREAM", [whole, .headers(on: 1, request)], .connection(.streamClosed)),
    ConformanceCase(
      "5.1", "CONTINUATION behind END_STREAM",
      [whole, HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 1)], .connection(.protocolError)),
    // §5.1 lets what follows a reset be discarded.
    ConformanceCase("5.1", "DATA behind RST_STREAM", [open, .reset(on: 1, code: 8), .data(on: 1, [1])], .ignored),
    ConformanceCase(
      "5.1", "HEADERS behind RST_STREAM", [open, .reset(on: 1, code: 8), .headers(on: 1, request)],
      .ignored),
    ConformanceCase(
      "5.1", "WINDOW_UPDATE and RST_STREAM behind RST_STREAM",
      [open, .reset(on: 1, code: 8), .windowUpdate(on: 1, 1), .reset(on: 1, code: 8)], .ignored),
    ConformanceCase("5.1.1", "an even number", [.headers(on: 2, request)], .connection(.protocolError)),
    ConformanceCase(
      "5.1.1", "a number below one that was opened",
      [.headers(on: 5, request), .headers(on: 3, request)], .connection(.protocolError)),
    ConformanceCase("5.1.1", "a first number above 1", [.headers(on: 5, request), .headers(on: 7, request)], .ignored),
    ConformanceCase("5.1.1", "the number 0", [.headers(on: 0, request)], .connection(.protocolError)),
    ConformanceCase(
      "5.3.1", "a stream that depends on itself", [HTTP2Frame(Kind.priority, on: 1, [0, 0, 0, 1, 15]), whole],
      .answered),
  ]

  private static let frameKinds = [
    ConformanceCase("6.1", "DATA on stream 0", [.data(on: 0, [1])], .connection(.protocolError)),
    ConformanceCase(
      "6.1", "DATA with more padding than payload",
      [open, .data(on: 1, [6, 1, 2, 3], flags: Flag.padded)], .connection(.protocolError)),
    ConformanceCase(
      "6.1", "DATA of padding only",
      [open, .data(on: 1, [3, 0, 0, 0], flags: Flag.padded | Flag.endStream)], .answered),
    ConformanceCase(
      "6.2", "HEADERS with more padding than payload",
      [HTTP2Frame(Kind.headers, flags: Flag.endHeaders | Flag.padded, on: 1, [200] + whole.payload)],
      .connection(.protocolError)),
    ConformanceCase("6.2", "HEADERS with padding", [whole.padded(by: 9)], .answered),
    ConformanceCase(
      "6.2", "HEADERS with a priority",
      [HTTP2Frame(Kind.headers, flags: whole.flags | Flag.priority, on: 1, [0, 0, 0, 0, 15] + whole.payload)], .answered
    ),
    ConformanceCase(
      "6.3", "PRIORITY on stream 0", [HTTP2Frame(Kind.priority, on: 0, [0, 0, 0, 1, 15])],
      .connection(.protocolError)),
    ConformanceCase(
      "6.3", "PRIORITY on stream 0 with the reserved bit",
      [HTTP2Frame(Kind.priority, on: 0x8000_0000, [0, 0, 0, 1, 15])], .connection(.protocolError)),
    ConformanceCase(
      "6.3", "PRIORITY of another length", [open, HTTP2Frame(Kind.priority, on: 1, [0, 0, 0, 0])],
      .connection(.frameSizeError)),
    ConformanceCase("6.4", "RST_STREAM on stream 0", [.reset(on: 0, code: 8)], .connection(.protocolError)),
    ConformanceCase(
      "6.4", "RST_STREAM of another length", [open, HTTP2Frame(Kind.resetStream, on: 1, [0, 0, 8])],
      .connection(.frameSizeError)),
    ConformanceCase(
      "6.6", "PUSH_PROMISE of a client",
      [open, HTTP2Frame(Kind.pushPromise, flags: Flag.endHeaders, on: 1, [0, 0, 0, 2] + whole.payload)],
      .connection(.protocolError)),
    ConformanceCase(
      "6.7", "PING on a stream", [HTTP2Frame(Kind.ping, on: 1, ping.payload)], .connection(.protocolError)),
    ConformanceCase(
      "6.7", "PING of another length", [HTTP2Frame(Kind.ping, [1, 2, 3, 4, 5, 6])],
      .connection(.frameSizeError)),
    ConformanceCase(
      "6.7", "an answer to no PING", [HTTP2Frame(Kind.ping, flags: Flag.acknowledgement, ping.payload)],
      .ignored),
    ConformanceCase(
      "6.8", "GOAWAY on a stream", [HTTP2Frame(Kind.goAway, on: 1, [0, 0, 0, 0, 0, 0, 0, 0])],
      .connection(.protocolError)),
    ConformanceCase(
      "6.8", "GOAWAY that is too short", [HTTP2Frame(Kind.goAway, [0, 0, 0, 0])],
      .connection(.frameSizeError)),
    ConformanceCase("6.10", "CONTINUATION frames", whole.continued(in: 3), .answered),
    ConformanceCase(
      "6.10", "empty CONTINUATION frames",
      [noHeaders, HTTP2Frame(Kind.continuation, on: 1), HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 1)],
      .answered),
    ConformanceCase("6.10", "DATA within a block", [noHeaders, .data(on: 1, [1])], .connection(.protocolError)),
    ConformanceCase(
      "6.10", "CONTINUATION on stream 0",
      [noHeaders, HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 0)], .connection(.protocolError)),
    ConformanceCase(
      "6.10", "CONTINUATION of another stream",
      [noHeaders, HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 3)], .connection(.protocolError)),
    ConformanceCase(
      "6.10", "CONTINUATION behind END_HEADERS",
      [open, HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 1)], .connection(.protocolError)),
    ConformanceCase(
      "6.10", "CONTINUATION behind CONTINUATION with END_HEADERS",
      whole.continued(in: 1) + [HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 1)],
      .connection(.protocolError)),
    ConformanceCase(
      "6.10", "CONTINUATION behind DATA",
      [open, .data(on: 1, [1]), HTTP2Frame(Kind.continuation, flags: Flag.endHeaders, on: 1)],
      .connection(.protocolError)),
    ConformanceCase(
      "7", "GOAWAY with an unknown code", [HTTP2Frame(Kind.goAway, [0, 0, 0, 0, 0, 0, 0, 0xFF]), ping],
      .ignored),
    ConformanceCase("7", "RST_STREAM with an unknown code", [open, .reset(on: 1, code: 0xFF)], .ignored),
  ]

  private static let settingsAndFlow = [
    ConformanceCase("6.5", "SETTINGS on a stream", [HTTP2Frame(Kind.settings, on: 1)], .connection(.protocolError)),
    ConformanceCase(
      "6.5", "SETTINGS of another length", [HTTP2Frame(Kind.settings, [0, 3, 0, 0, 0])],
      .connection(.frameSizeError)),
    ConformanceCase(
      "6.5", "an acknowledgement with a payload",
      [HTTP2Frame(Kind.settings, flags: Flag.acknowledgement, [0, 3, 0, 0, 0, 1])], .connection(.frameSizeError)),
    ConformanceCase("6.5.2", "ENABLE_PUSH of 2", [.settings([(2, 2)])], .connection(.protocolError)),
    ConformanceCase(
      "6.5.2", "INITIAL_WINDOW_SIZE above the maximum", [.settings([(4, 0x8000_0000)])],
      .connection(.flowControlError)),
    ConformanceCase(
      "6.5.2", "MAX_FRAME_SIZE below the minimum", [.settings([(5, 16_383)])],
      .connection(.protocolError)),
    ConformanceCase(
      "6.5.2", "MAX_FRAME_SIZE above the maximum", [.settings([(5, 1 << 24)])],
      .connection(.protocolError)),
    ConformanceCase("6.5.2", "an unknown setting", [.settings([(0xFF, 1)]), whole], .answered),
    ConformanceCase(
      "6.9", "WINDOW_UPDATE of nothing for the connection", [.windowUpdate(on: 0, 0)],
      .connection(.protocolError)),
    // A stream error that the engine takes for one of the connection, as §5.4.1 lets it.
    ConformanceCase(
      "6.9", "WINDOW_UPDATE of nothing for a stream", [open, .windowUpdate(on: 1, 0)],
      .connection(.protocolError)),
    ConformanceCase(
      "6.9", "WINDOW_UPDATE of another length", [open, HTTP2Frame(Kind.windowUpdate, on: 1, [0, 0, 1])],
      .connection(.frameSizeError)),
    ConformanceCase(
      "6.9.1", "the connection's window over its maximum",
      [.windowUpdate(on: 0, 0x7FFF_FFFF), .windowUpdate(on: 0, 0x7FFF_FFFF)], .connection(.flowControlError)),
    ConformanceCase(
      "6.9.1", "a stream's window over its maximum",
      [open, .windowUpdate(on: 1, 0x7FFF_FFFF), .windowUpdate(on: 1, 0x7FFF_FFFF)], .stream(.flowControlError)),
    ConformanceCase(
      "6.9.1", "a stream's window at its maximum", [open, .windowUpdate(on: 1, 0x7FFF_FFFF - 65_535)],
      .ignored),
    ConformanceCase(
      "6.9.2", "a setting that takes a stream's window over its maximum",
      [open, .windowUpdate(on: 1, 0x7FFF_FFFF - 65_535), .settings([(4, 65_536)])], .connection(.flowControlError)),
    ConformanceCase(
      "6.9.2", "a setting that takes a stream's window to its maximum",
      [open, .windowUpdate(on: 1, 0x7FFF_FFFF - 70_000), .settings([(4, 70_000)])], .ignored),
    ConformanceCase(
      "6.9.2", "a setting twice in one frame, the first too large",
      [open, .windowUpdate(on: 1, 100_000), .settings([(4, 0x7FFF_FFFF), (4, 1)])], .ignored),
  ]

  private static let messages = [
    ConformanceCase(
      "8.1", "trailers without END_STREAM", [open, .headers(on: 1, [("x-t", "1")], flags: Flag.endHeaders)],
      .stream(.protocolError)),
    ConformanceCase("8.1", "trailers", trailers([("x-t", "1")]), .answered),
    ConformanceCase(
      "8.1.1", "content-length above the body", length("5", [.data(on: 1, [1], flags: Flag.endStream)]),
      .stream(.protocolError)),
    ConformanceCase(
      "8.1.1", "content-length below the body", length("1", [.data(on: 1, [1, 2], flags: Flag.endStream)]),
      .stream(.protocolError)),
    ConformanceCase(
      "8.1.1", "content-length below a body in pieces",
      length("3", [.data(on: 1, [1, 2]), .data(on: 1, [3, 4], flags: Flag.endStream)]), .stream(.protocolError)),
    ConformanceCase(
      "8.1.1", "content-length of a body in pieces",
      length("3", [.data(on: 1, [1, 2]), .data(on: 1, [3], flags: Flag.endStream)]), .answered),
    ConformanceCase(
      "8.1.1", "content-length above a body that ends with trailers",
      length("3", [.data(on: 1, [1, 2]), .headers(on: 1, [("x-t", "1")])]), .stream(.protocolError)),
    ConformanceCase("8.1.1", "content-length of no body", fields([("content-length", "0")]), .answered),
    ConformanceCase(
      "8.1.1", "content-length that is no number", fields([("content-length", "1,1")]),
      .stream(.protocolError)),
    ConformanceCase(
      "8.1.1", "content-length twice", fields([("content-length", "0"), ("content-length", "0")]),
      .stream(.protocolError)),
    ConformanceCase("8.2", "an upper-case name", fields([("X-Test", "1")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a name with a space", fields([("x test", "1")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a name with a colon", fields([("x:test", "1")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a name that is not ASCII", fields([("x-é", "1")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "an empty name", fields([("", "1")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a value with NUL", fields([("x-test", "a\0b")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a value with CR", fields([("x-test", "a\rb")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a value with LF", fields([("x-test", "a\nb")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a value that begins with a space", fields([("x-test", " a")]), .stream(.protocolError)),
    ConformanceCase("8.2.1", "a value that ends with a tab", fields([("x-test", "a\t")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "connection", fields([("connection", "close")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "proxy-connection", fields([("proxy-connection", "close")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "keep-alive", fields([("keep-alive", "1")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "transfer-encoding", fields([("transfer-encoding", "chunked")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "upgrade", fields([("upgrade", "h2c")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "te other than trailers", fields([("te", "trailers, deflate")]), .stream(.protocolError)),
    ConformanceCase("8.2.2", "te of trailers", fields([("te", "trailers")]), .answered),
    ConformanceCase("8.3", "an unknown pseudo-header field", fields([(":test", "1")]), .stream(.protocolError)),
    ConformanceCase("8.3", "a pseudo-header field of responses", fields([(":status", "200")]), .stream(.protocolError)),
    ConformanceCase(
      "8.3", "a pseudo-header field behind others",
      [.headers(on: 1, [("x-test", "1")] + request)], .stream(.protocolError)),
    ConformanceCase(
      "8.3", "a pseudo-header field in trailers", trailers([(":method", "POST")]), .stream(.protocolError)),
    ConformanceCase(
      "8.3", "a pseudo-header field of responses in trailers", trailers([(":status", "200")]),
      .stream(.protocolError)),
    ConformanceCase("8.3.1", "an empty path", fields([(":path", "")], without: [":path"]), .stream(.protocolError)),
    ConformanceCase(
      "8.3.1", "a path that is not from the root", fields([(":path", "x")], without: [":path"]),
      .stream(.protocolError)),
    ConformanceCase("8.3.1", "no method", fields([], without: [":method"]), .stream(.protocolError)),
    ConformanceCase("8.3.1", "no scheme", fields([], without: [":scheme"]), .stream(.protocolError)),
    ConformanceCase("8.3.1", "no path", fields([], without: [":path"]), .stream(.protocolError)),
    ConformanceCase("8.3.1", "two methods", fields([(":method", "POST")]), .stream(.protocolError)),
    ConformanceCase("8.3.1", "two schemes", fields([(":scheme", "http")]), .stream(.protocolError)),
    ConformanceCase("8.3.1", "two paths", fields([(":path", "/")]), .stream(.protocolError)),
    ConformanceCase("8.3.1", "two authorities", fields([(":authority", "test")]), .stream(.protocolError)),
    ConformanceCase(
      "8.5", "CONNECT with a scheme", fields([(":method", "CONNECT")], without: [":method"]),
      .stream(.protocolError)),
  ]

  /// RFC 7541.
  private static let compression = [
    ConformanceCase("7541 6.1", "the index 0", block([0x80]), .connection(.compressionError)),
    ConformanceCase("7541 2.3.3", "an index beyond the table", block([0xC6]), .connection(.compressionError)),
    ConformanceCase(
      "7541 2.3.3", "a literal whose name is beyond the table", block([0x7F, 0x10, 0x01, 0x61]),
      .connection(.compressionError)),
    ConformanceCase("7541 4.2", "a new table size behind a field", block([0x20]), .connection(.compressionError)),
    ConformanceCase(
      "7541 6.3", "a table size above the setting",
      [HTTP2Frame(Kind.headers, flags: whole.flags, on: 1, [0x3F, 0xE2, 0x1F] + whole.payload)],
      .connection(.compressionError)),
    ConformanceCase(
      "7541 6.3", "a table size of 0 at the beginning",
      [HTTP2Frame(Kind.headers, flags: whole.flags, on: 1, [0x20] + whole.payload)], .answered),
    ConformanceCase(
      "7541 5.2", "Huffman padding longer than 7 bits",
      block([0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x84, 0x49, 0x50, 0x9F, 0xFF]),
      .connection(.compressionError)),
    ConformanceCase(
      "7541 5.2", "Huffman padding of zeros",
      block([0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x83, 0x49, 0x50, 0x90]),
      .connection(.compressionError)),
    ConformanceCase(
      "7541 5.2", "the Huffman code that means the end", block([0x00, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0x1F]),
      .connection(.compressionError)),
    ConformanceCase(
      "7541 5.2", "a string beyond the block", block([0x00, 0x05, 0x61]), .connection(.compressionError)),
    ConformanceCase(
      "7541 5.1", "an integer that overflows",
      block([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), .connection(.compressionError)),
  ]

  /// For a client that has asked for something on stream 1 and has said all it has to say.
  static let ofServer: [ConformanceCase] = {
    let ok = [(":status", "200")]
    let head = HTTP2Frame.headers(on: 1, ok, flags: Flag.endHeaders)
    func only(_ fields: [(String, String)]) -> [HTTP2Frame] { [.headers(on: 1, fields)] }
    return [
      ConformanceCase("5.1", "DATA on an idle stream", [.data(on: 3, [1])], .connection(.protocolError)),
      ConformanceCase(
        "5.1.1", "a response on a stream that nobody has opened", [.headers(on: 3, ok)], .connection(.protocolError)),
      ConformanceCase("5.1.1", "a response on an even stream", [.headers(on: 2, ok)], .connection(.protocolError)),
      ConformanceCase(
        "6.3", "PRIORITY on stream 0", [HTTP2Frame(Kind.priority, on: 0, [0, 0, 0, 1, 15])],
        .connection(.protocolError)),
      ConformanceCase("6.5.2", "ENABLE_PUSH of 1", [.settings([(2, 1)])], .connection(.protocolError)),
      ConformanceCase(
        "6.6", "PUSH_PROMISE although there is to be none",
        [HTTP2Frame(Kind.pushPromise, flags: Flag.endHeaders, on: 1, [0, 0, 0, 2] + whole.payload)],
        .connection(.protocolError)),
      ConformanceCase(
        "6.9.2", "a setting that takes a stream's window over its maximum",
        [.windowUpdate(on: 1, 0x7FFF_FFFF - 65_535), .settings([(4, 65_536)])], .connection(.flowControlError)),
      ConformanceCase("8.1", "a response", only(ok), .answered),
      ConformanceCase("8.1", "a response with trailers", [head, .headers(on: 1, [("x-t", "1")])], .answered),
      ConformanceCase(
        "8.1", "trailers without END_STREAM", [head, .headers(on: 1, [("x-t", "1")], flags: Flag.endHeaders)],
        .stream(.protocolError)),
      ConformanceCase(
        "8.1", "an informational response before the final one",
        [.headers(on: 1, [(":status", "103")], flags: Flag.endHeaders)] + only(ok), .answered),
      ConformanceCase(
        "8.1", "an informational response with END_STREAM", only([(":status", "103")]), .stream(.protocolError)),
      ConformanceCase(
        "8.1", "DATA behind an informational response",
        [.headers(on: 1, [(":status", "103")], flags: Flag.endHeaders), .data(on: 1, [1])], .stream(.protocolError)),
      ConformanceCase(
        "8.1.1", "content-length above the body",
        [
          .headers(on: 1, ok + [("content-length", "5")], flags: Flag.endHeaders),
          .data(on: 1, [1], flags: Flag.endStream),
        ], .stream(.protocolError)),
      ConformanceCase("8.2", "an upper-case name", only(ok + [("X-Test", "1")]), .stream(.protocolError)),
      ConformanceCase("8.2.2", "connection", only(ok + [("connection", "close")]), .stream(.protocolError)),
      ConformanceCase("8.3", "a pseudo-header field of requests", only(ok + [(":path", "/")]), .stream(.protocolError)),
      ConformanceCase("8.3.2", "no status", only([("x-test", "1")]), .stream(.protocolError)),
      ConformanceCase("8.3.2", "two of them", only(ok + ok), .stream(.protocolError)),
      ConformanceCase(
        "7541 6.1", "the index 0", [HTTP2Frame(Kind.headers, flags: 5, on: 1, [0x80])],
        .connection(.compressionError)),
    ]
  }()
}
