import Testing

@testable import RPC

@Suite("The text of a status on the wire")
struct StatusMessageTests {
  /// Scalars of each length in UTF-8, those that are escaped and those that are not.
  private static let scalars: [Unicode.Scalar] = [
    "a", " ", "%", "~", "\u{7F}", "\n", "é", "☃", "\u{301}", "𝄞", "\u{10FFFF}",
  ]

  /// Every scalar in front of a long run of every other one, so that the cut falls at each place within a scalar.
  static let messages: [String] = scalars.flatMap { first in
    scalars.flatMap { rest in
      (0..<6).map { offset in
        var text = String(repeating: "x", count: offset)
        text.unicodeScalars.append(first)
        for _ in 0..<2100 { text.unicodeScalars.append(rest) }
        return text
      }
    }
  }

  @Test("is a value of a header field within its bound, and reads as the beginning of the text")
  func bound() {
    for message in Self.messages {
      let encoded = StatusMessage.encode(message)
      #expect(encoded.count <= StatusMessage.maximumByteCount)
      #expect(encoded.allSatisfy { (0x20...0x7E).contains($0) })
      #expect(encoded.first != 0x20 && encoded.last != 0x20)
      let read = Array(StatusMessage.decode(encoded).unicodeScalars)
      let whole = Array(message.unicodeScalars)
      #expect(Array(whole.prefix(read.count)) == read)
      // Not more is cut than the bound asks for: the next scalar takes twelve bytes at most.
      let runOfSpaces = whole.last == " "
      #expect(runOfSpaces || encoded.count > StatusMessage.maximumByteCount - 12)
    }
  }

  @Test(
    "comes back as it was",
    arguments: ["", "plain", " spaces at both ends ", "100%", "%41", "line\nbreak", "grüße ☃ 𝄞", "e\u{301}", " ", "  "])
  func roundTrip(text: String) {
    #expect(Array(StatusMessage.decode(StatusMessage.encode(text)).utf8) == Array(text.utf8))
  }

  @Test(
    "is read although it is not as it should be",
    arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("a%20b%", "a b%"), ("%E2%98", "\u{FFFD}")])
  func lenient(text: String, read: String) {
    #expect(StatusMessage.decode(Array(text.utf8)) == read)
  }
}
