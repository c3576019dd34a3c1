import Testing

@testable import Edge

@Suite("The HTTP/1.1 parser refuses what two readers could understand differently")
struct HTTP1RejectionTests {
  struct Refused: Sendable, CustomTestStringConvertible {
    let name: String
    let input: [UInt8]
    let status: Int
    var testDescription: String { name }

    init(_ status: Int, _ name: String, _ input: String) {
      self.init(status, name, Array(input.utf8))
    }

    init(_ status: Int, _ name: String, _ input: [UInt8]) {
      self.status = status
      self.name = name
      self.input = input
    }
  }

  private static func post(_ fields: String, _ body: String = "") -> String {
    "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
  }

  private static func chunked(_ body: String) -> String {
    post("Transfer-Encoding: chunked", body)
  }

  private static func get(_ target: String) -> String {
    "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n"
  }

  static let smuggling: [Refused] = [
    Refused(400, "length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
    Refused(400, "chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n")),
    Refused(400, "two lengths that differ", post("Content-Length: 5\r\nContent-Length: 6", "hello")),
    Refused(400, "two lengths that agree", post("Content-Length: 5\r\nContent-Length: 5", "hello")),
    Refused(400, "a list of lengths", post("Content-Length: 5, 5", "hello")),
    Refused(400, "a signed length", post("Content-Length: +5", "hello")),
    Refused(400, "a negative length", post("Content-Length: -1", "hello")),
    Refused(400, "a hexadecimal length", post("Content-Length: 0x5", "hello")),
    Refused(400, "an empty length", post("Content-Length:", "hello")),
    Refused(400, "a length with a space inside", post("Content-Length: 1 0", "hello")),
    Refused(400, "an encoding before chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")),
    Refused(400, "an encoding after chunked", post("Transfer-Encoding: chunked, identity", "0\r\n\r\n")),
    Refused(400, "chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
    Refused(400, "another encoding", post("Transfer-Encoding: xchunked", "0\r\n\r\n")),
    Refused(400, "an encoding that is no token", post("Transfer-Encoding: \"chunked\"", "0\r\n\r\n")),
    Refused(400, "a vertical tab before chunked", post("Transfer-Encoding: \u{0B}chunked", "0\r\n\r\n")),
    Refused(400, "a space before the colon", post("Transfer-Encoding : chunked", "0\r\n\r\n")),
    Refused(400, "a tab before the colon", post("Content-Length\t: 5", "hello")),
    Refused(400, "chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    Refused(400, "a folded line", post("X: a\r\n b")),
    Refused(400, "a line that folds the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    Refused(400, "a line folded by a tab", post("X: a\r\n\tTransfer-Encoding: chunked")),
    Refused(400, "a bare line feed after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
    Refused(400, "a bare line feed after a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    Refused(400, "a bare line feed at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
    Refused(400, "a carriage return inside a value", post("X: a\rb")),
    Refused(400, "a carriage return inside a name", post("X\rY: b")),
    Refused(400, "a NUL in a value", post("X: a\0b")),
    Refused(400, "a NUL in a name", post("X\0: b")),
    Refused(400, "a DEL in a value", post("X: a\u{7F}b")),
    Refused(400, "an empty name", post(": b")),
    Refused(400, "a name outside ASCII", post("Xé: b")),
    Refused(400, "a field without a colon", post("Content-Length")),
    Refused(400, "no host", "GET / HTTP/1.1\r\n\r\n"),
    Refused(400, "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    Refused(400, "an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    Refused(400, "a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    Refused(400, "a host with user information", "GET / HTTP/1.1\r\nHost: b@a\r\n\r\n"),
    Refused(400, "a target and a host that differ", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(417, "an unknown expectation", post("Expect: 200-ok\r\nContent-Length: 1", "x")),
  ]

  static let requestLines: [Refused] = [
    Refused(400, "HTTP/0.9", "GET /\r\n"),
    Refused(400, "a method with a character that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "a method that is too long", String(repeating: "A", count: 17) + " / HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "two spaces before the target", get(" /")),
    Refused(400, "two spaces after the target", get("/ ")),
    Refused(400, "a tab instead of a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "an empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "a fragment", get("/#a")),
    Refused(400, "a NUL in the target", get("/\0")),
    Refused(400, "a quote in the target", get("/\"")),
    Refused(400, "a backslash in the target", get("/\\a")),
    Refused(400, "a byte outside ASCII in the target", get("/é")),
    Refused(400, "a byte outside ASCII in the query", get("/?é")),
    Refused(400, "a relative target", get("health")),
    Refused(400, "a target of another scheme", get("ftp://a/")),
    Refused(400, "an authority", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "* for another method than OPTIONS", get("*")),
    Refused(400, "something after *", "OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "another protocol", "GET / HTCPCP/1.0\r\nHost: a\r\n\r\n"),
    Refused(400, "a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"),
    Refused(505, "HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    Refused(505, "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    Refused(505, "HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    Refused(505, "HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
    Refused(505, "a space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    Refused(400, "two empty lines before a request", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "a bare line feed before a request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    Refused(400, "the first bytes of TLS", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
  ]

  static let chunks: [Refused] = [
    Refused(400, "a size of 17 digits", chunked("00000000000000001\r\nx\r\n0\r\n\r\n")),
    Refused(413, "the largest size of 16 digits", chunked("FFFFFFFFFFFFFFFF\r\n")),
    Refused(400, "no size", chunked("\r\nx\r\n0\r\n\r\n")),
    Refused(400, "a size with 0x", chunked("0x1\r\nx\r\n0\r\n\r\n")),
    Refused(400, "a negative size", chunked("-1\r\nx\r\n")),
    Refused(400, "a space before the size", chunked(" 1\r\nx\r\n0\r\n\r\n")),
    Refused(400, "a space after the size", chunked("1 \r\nx\r\n0\r\n\r\n")),
    Refused(400, "a bare line feed after the size", chunked("1\nx\r\n0\r\n\r\n")),
    Refused(400, "a carriage return alone after the size", chunked("1\rx\r\n0\r\n\r\n")),
    Refused(400, "a bare line feed in an extension", chunked("1;a\nx\r\n0\r\n\r\n")),
    Refused(400, "a chunk longer than its size", chunked("1\r\nxy\r\n0\r\n\r\n")),
    Refused(400, "a bare line feed after the data", chunked("1\r\nx\n0\r\n\r\n")),
    Refused(400, "extensions without end", chunked("1;" + String(repeating: "a", count: 1100) + "\r\nx\r\n0\r\n\r\n")),
    Refused(400, "a folded trailer", chunked("0\r\n a\r\n\r\n")),
    Refused(400, "a trailer without a colon", chunked("0\r\nab\r\n\r\n")),
    Refused(431, "too many trailers", chunked("0\r\n" + String(repeating: "a: b\r\n", count: 65) + "\r\n")),
  ]

  static let sizes: [Refused] = [
    Refused(413, "a length over the limit", post("Content-Length: 1048577")),
    Refused(413, "a length beyond 64 bits", post("Content-Length: 99999999999999999999999999")),
    Refused(
      413, "chunks that add up over the limit",
      chunked("80000\r\n" + String(repeating: "x", count: 0x80000) + "\r\n80001\r\n")),
    Refused(414, "a long request line", get("/" + String(repeating: "a", count: 9000))),
    Refused(431, "a long value", post("X: " + String(repeating: "a", count: 17000))),
    Refused(431, "a long name", post(String(repeating: "a", count: 17000) + ": b")),
    Refused(431, "many fields", post(String(repeating: "a: b\r\n", count: 65) + "c: d")),
  ]

  @Test("refuses", arguments: smuggling + requestLines + chunks + sizes)
  func refuses(_ example: Refused) {
    let trace = ParserTrace.of(example.input)
    #expect(trace.last?.hasPrefix("rejected \(example.status) ") == true, "\(trace)")
    #expect(trace.count { $0.hasPrefix("rejected") } == 1)
  }

  @Test(
    "cut in two at any place, or fed byte by byte, it refuses the same way",
    arguments: smuggling + requestLines + chunks)
  func splitAnywhere(_ example: Refused) {
    let whole = ParserTrace.of(example.input)
    for cut in 0...min(example.input.count, 400) {
      #expect(ParserTrace.of(example.input, cuts: [cut]) == whole, "cut at \(cut)")
    }
    #expect(ParserTrace.of(example.input, cuts: Array(1..<max(2, example.input.count))) == whole)
  }

  @Test("what follows a refused request is never read")
  func nothingAfter() {
    let trace = ParserTrace.of(Self.get("/#") + Self.get("/admin"))
    #expect(trace.count == 1)
  }

  @Test("a length at the limit is taken, one byte more is not")
  func limits() {
    var limits = EdgeLimits()
    limits.bodyBytes = 4
    #expect(ParserTrace.of(Self.post("Content-Length: 4", "1234"), limits: limits).first?.hasSuffix("{1234}") == true)
    #expect(
      ParserTrace.of(Self.chunked("2\r\n12\r\n2\r\n34\r\n0\r\n\r\n"), limits: limits).first?.hasSuffix("{1234}") == true
    )
    #expect(ParserTrace.of(Self.chunked("2\r\n12\r\n3\r\n"), limits: limits).first?.hasPrefix("rejected 413") == true)
    limits.requestLineBytes = 20
    let line = "GET /1234567 HTTP/1.1"
    #expect(ParserTrace.of("\(line)\r\nHost: a\r\n\r\n", limits: limits).first?.hasPrefix("rejected 414") == true)
    limits.requestLineBytes = 21
    #expect(ParserTrace.of("\(line)\r\nHost: a\r\n\r\n", limits: limits).first?.hasPrefix("GET ") == true)
  }

  @Test("random bytes never stop the parser, and cutting them never changes its answer")
  func noise() {
    var generator = SeededGenerator(seed: 7)
    let alphabet = Array(
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0aF;\0\t".utf8)
    for _ in 0..<2000 {
      var input = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8)
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        input[Int.random(in: 0..<input.count, using: &generator)] = alphabet.randomElement(using: &generator) ?? 0
      }
      let cut = Int.random(in: 0...input.count, using: &generator)
      #expect(ParserTrace.of(input, cuts: [cut]) == ParserTrace.of(input))
    }
  }
}
