import Protobuf
import Testing

@Suite("Errors of messages")
struct ProtobufErrorTests {
  @Test("quote little of a path, whose keys are the sender's")
  func excerpt() {
    let error = ProtobufError.unknownField(path: String(repeating: "a", count: 10_000))
    #expect(error.description == String(repeating: "a", count: 100) + "… is not a known field")
    #expect(ProtobufError.unknownField(path: "plan").description == "plan is not a known field")
  }

  @Test("an excerpt is never cut inside a character", arguments: ["a", "é", "€", "☃", "😀", "e\u{301}"])
  func cut(_ character: String) {
    let text = String(repeating: character, count: 50)
    for byteCount in 0..<text.utf8.count {
      let excerpt = text.excerpt(byteCount: byteCount)
      #expect(excerpt.hasSuffix("…") && excerpt.utf8.count <= byteCount + 3)
      let kept = Array(excerpt.utf8.dropLast(3))
      #expect(text.utf8.starts(with: kept) && String(validating: kept, as: UTF8.self) != nil)
      // Nothing more than a started character is lost.
      #expect(kept.count > byteCount - 4)
    }
    #expect(text.excerpt(byteCount: text.utf8.count) == text)
  }
}
