import Testing

@testable import Edge

@Suite("The first bytes tell the protocol")
struct ProtocolSnifferTests {
  private let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  @Test("the preface is recognized wherever it is cut")
  func preface24() {
    for cut in 0...preface.count {
      var sniffer = ProtocolSniffer()
      let first = sniffer.examine(Array(preface[..<cut]).span.bytes)
      guard cut < preface.count else {
        #expect(first == .http2(replay: 0))
        return
      }
      #expect(first == .undecided)
      #expect(sniffer.examine(Array(preface[cut...]).span.bytes) == .http2(replay: cut))
    }
  }

  @Test(
    "anything else is HTTP/1.1, and what looked like the preface is replayed",
    arguments: [
      ("GET / HTTP/1.1\r\n", 0), ("PRI * HTTP/1.1\r\n", 0), ("POST / HTTP/1.1\r\n", 0),
    ])
  func http1(_ text: String, _ replay: Int) {
    var sniffer = ProtocolSniffer()
    #expect(sniffer.examine(Array(text.utf8).span.bytes) == .http1(replay: replay))
    var slow = ProtocolSniffer()
    var verdict = ProtocolSniffer.Verdict.undecided
    for (index, byte) in text.utf8.enumerated() where verdict == .undecided {
      verdict = slow.examine([byte].span.bytes)
      if verdict != .undecided { #expect(verdict == .http1(replay: index)) }
    }
  }
}
