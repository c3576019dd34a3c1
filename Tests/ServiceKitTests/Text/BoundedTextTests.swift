import Testing

@testable import ServiceKit

@Suite("Texts with a bound")
struct BoundedTextTests {
  @Test(
    "are cut between scalars, as late as the bound allows",
    arguments: ["", "plain", "grüße", "☃☃☃☃", "𝄞a𝄞", "e" + String(repeating: "\u{301}", count: 5000)])
  func bounded(text: String) {
    for limit in 0...20 {
      let cut = text.bounded(toByteCount: limit)
      let whole = Array(text.unicodeScalars)
      #expect(cut.utf8.count <= limit)
      #expect(Array(cut.unicodeScalars) == Array(whole.prefix(cut.unicodeScalars.count)))
      let next = whole.dropFirst(cut.unicodeScalars.count).first
      #expect(next.map { cut.utf8.count + UTF8.width($0) > limit } ?? true)
    }
  }
}
