import Testing

@testable import Edge

@Suite("The HTTP/1.1 parser reads what RFC 9112 allows")
struct HTTP1RequestParserTests {
  struct Accepted: Sendable, CustomTestStringConvertible {
    let name: String
    let input: String
    let trace: [String]
    var testDescription: String { name }

    init(_ name: String, _ input: String, _ trace: String...) {
      self.name = name
      self.input = input
      self.trace = trace
    }
  }

  static let accepted: [Accepted] = [
    Accepted("a plain GET", "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "GET /health host=[a] {}"),
    Accepted(
      "a path and a query", "GET /api/x?page=1&limit=%32 HTTP/1.1\r\nHost: a:8080\r\n\r\n",
      "GET /api/x?page=1&limit=%32 host=[a:8080] {}"),
    Accepted("an empty query", "GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "GET /? host=[a] {}"),
    Accepted("a question mark inside a query", "GET /?a?b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?a?b host=[a] {}"),
    Accepted(
      "names in any case, values trimmed", "GET / HTTP/1.1\r\nhOsT: \t a \t \r\nX-A:\r\nX-B:b  c\r\n\r\n",
      "GET / host=[a] x-a=[] x-b=[b  c] {}"),
    Accepted(
      "opaque bytes in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: caf\u{e9}\r\n\r\n", "GET / host=[a] x=[café] {}"),
    Accepted(
      "a body by length", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      "POST /a host=[a] content-length=[5] {hello}"),
    Accepted(
      "a length of nothing", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n",
      "POST /a host=[a] content-length=[000] {}"),
    Accepted(
      "a chunked body",
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00A\r\n, you there\r\n0\r\n\r\n"
        .replacing(", you there", with: ", you ther"),
      "POST /a host=[a] transfer-encoding=[Chunked] {hello, you ther}"),
    Accepted(
      "chunk extensions and trailers are dropped",
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"b c\";d\r\nx\r\n0;e\r\nX-Sum: 1\r\n\r\n",
      "POST /a host=[a] transfer-encoding=[chunked] {x}"),
    Accepted(
      "pipelined requests, in order",
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /1 host=[a] {}", "POST /2 host=[a] content-length=[1] {x}", "GET /3 host=[a] {}"),
    Accepted("one empty line before a request", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / host=[a] {}"),
    Accepted(
      "Connection: close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
      "GET / host=[a] connection=[x, Close] {} close"),
    Accepted("HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", "GET /  {} close"),
    Accepted(
      "HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
      "GET / connection=[Keep-Alive] {}"),
    Accepted(
      "an absolute target", "GET HTTP://a:1/p?q HTTP/1.1\r\nHost: a:1\r\n\r\n", "GET /p?q host=[a:1] {}"),
    Accepted("an absolute target without a path", "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?q host=[a] {}"),
    Accepted("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * host=[a] {}"),
    Accepted("an unknown method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "OTHER /pot host=[a] {}"),
    Accepted("a method in lower case is another method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "OTHER / host=[a] {}"),
    Accepted(
      "Expect: 100-continue", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nok",
      "POST / host=[a] expect=[100-Continue] content-length=[2] {ok}"),
    Accepted(
      "an expectation without a body", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
      "POST / host=[a] expect=[100-continue] {}"),
    Accepted("half a request", "GET / HT", "unfinished"),
    Accepted("half a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", "unfinished"),
    Accepted("an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET / host=[[::1]:8080] {}"),
  ]

  @Test("accepts", arguments: accepted)
  func accepts(_ example: Accepted) {
    #expect(ParserTrace.of(example.input) == example.trace)
  }

  @Test("cut in two at any place, or fed byte by byte, the events are the same", arguments: accepted)
  func splitAnywhere(_ example: Accepted) {
    let bytes = Array(example.input.utf8)
    for cut in 0...bytes.count { #expect(ParserTrace.of(bytes, cuts: [cut]) == example.trace, "cut at \(cut)") }
    #expect(ParserTrace.of(bytes, cuts: Array(1..<bytes.count)) == example.trace)
  }

  @Test("random cuts of a long pipeline give the same events")
  func randomCuts() {
    let whole = Self.accepted.filter { !$0.trace.contains("unfinished") }
    let input = Array(whole.map(\.input).joined().utf8)
    let expected = whole.flatMap(\.trace)
    var generator = SeededGenerator(seed: 20_261_123)
    for _ in 0..<300 {
      let cuts = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        Int.random(in: 0...input.count, using: &generator)
      }
      #expect(ParserTrace.of(input, cuts: cuts.sorted()) == expected)
    }
  }

  @Test("between requests it is idle, within one it is not")
  func idle() {
    var parser = HTTP1RequestParser()
    #expect(parser.isIdle)
    for byte in "GET / HTTP/1.1\r\nHost: a\r\n\r".utf8 {
      var offset = 0
      _ = parser.next([byte].span.bytes, &offset, limits: EdgeLimits())
      #expect(!parser.isIdle)
    }
    var offset = 0
    guard case .request = parser.next([0x0A].span.bytes, &offset, limits: EdgeLimits()) else {
      Issue.record("no request")
      return
    }
    #expect(parser.isIdle)
  }

  @Test("a head can be taken while its body is arriving, once, and the body comes by itself")
  func takingTheHead() {
    for (length, expect) in [
      ("Content-Length: 5", ""), ("Transfer-Encoding: chunked", ""), ("Content-Length: 5", "Expect: 100-continue\r\n"),
    ] {
      var parser = HTTP1RequestParser()
      func feed(_ text: String) -> [String] {
        var offset = 0
        var events: [String] = []
        let bytes = Array(text.utf8)
        while true {
          switch parser.next(bytes.span.bytes, &offset, limits: EdgeLimits()) {
          case .needsBytes: return events
          case .request(let request, _): events.append("request \(request.head.text(request.head.path))")
          case .body(let body): events.append("body \(String(decoding: body, as: UTF8.self))")
          case .rejected(let rejection): return events + ["rejected \(rejection.status)"]
          }
        }
      }
      func takes() -> Bool { parser.takeHead() != nil }
      #expect(!takes())
      #expect(feed("POST /a HTTP/1.1\r\nHost: a\r\n").isEmpty)
      #expect(!takes())
      #expect(feed("\(length)\r\n\(expect)Connection: close\r\n\r\n").isEmpty)
      let arrival = parser.takeHead()
      #expect(arrival.map { $0.head.text($0.head.path) } == "/a" && arrival?.keepsAlive == false)
      #expect(arrival?.expectsContinue == !expect.isEmpty)
      #expect(!takes())
      #expect(parser.remainingBodyBytes == (length.hasPrefix("C") ? 5 : nil))
      #expect(feed(length.hasPrefix("C") ? "hel" : "5\r\nhel").isEmpty)
      #expect(
        feed(
          length.hasPrefix("C")
            ? "loGET /b HTTP/1.1\r\nHost: a\r\n\r\n" : "lo\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n") == [
            "body hello", "request /b",
          ])
      #expect(parser.isIdle)
    }
  }

  @Test("the parser's own size leaves an idle connection small")
  func size() {
    #expect(MemoryLayout<HTTP1RequestParser>.size <= 256)
  }
}

/// SplitMix64: the same cuts in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
