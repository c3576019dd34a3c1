import Foundation
import Protobuf
import Testing

@Suite("Patterns as tables")
struct TextPatternTests {
  private static let patterns = [
    "^$", "^a$", "abc", "^(ab|cd)*$", "^[a-c]{2,4}$", "^a{0,2}b?c+$", "[^a]$", "^[^a-z]+$", "^\\d{3}-\\w+\\s?$", "a.b",
    "^é+$", "^[à-ü]{1,2}$",
    "^(?:a|b(c|d)){2}$", "^[\\x{202a}-\\x{202e}x]$", "\\.", "^[\\]\\-]+$", "^[-a]+$", "^[]a]$", "^\\x41\\t$", "^(a|)b$",
    "^.{2}$", "^\\$\\^$",
  ]

  private static let alphabet: [Character] = [
    "a", "b", "c", "d", "A", "1", "2", "3", "-", ".", " ", "\n", "\t", "é", "à", "ü", "ÿ", "漢", "😀", "\u{202a}",
    "\u{202e}", "]", "$", "^", "_",
  ]

  @Test("match what an engine of regular expressions matches", arguments: patterns)
  func agreement(_ text: String) throws {
    let pattern = try TextPattern(checking: text)
    // ICU reads `$` as before a last line break too, and the ASCII classes as RE2 only when told.
    let theirs = try NSRegularExpression(
      pattern: text.hasSuffix("$") && !text.hasSuffix("\\$") ? text.dropLast() + "\\z" : text)
    var random = SeededGenerator(seed: 11)
    for _ in 0..<2000 {
      let subject = String(
        (0..<Int.random(in: 0...5, using: &random)).map { _ in Self.alphabet.randomElement(using: &random) ?? "a" })
      let range = NSRange(subject.startIndex..., in: subject)
      #expect(
        pattern.matches(subject) == (theirs.firstMatch(in: subject, range: range) != nil), "\(text) on \(subject)")
    }
  }

  @Test(
    "what is not supported is refused in words",
    arguments: [
      "(", ")", "a)", "[a", "[z-a]", "*a", "a**", "a{2", "a{3,2}", "a{x}", "a{9999}", "\\", "\\b", "\\pL", "\\1",
      "(?i)a", "(?=a)", "a^b", "a$b",
      "^a|b$", "[[:alpha:]]", "\\x{110000}", "((a{1000}){1000}){1000}",
    ])
  func refusals(_ text: String) {
    #expect(throws: TextPattern.Fault.self) { try TextPattern(checking: text) }
  }

  @Test("a text takes one step a byte, whatever the pattern")
  func linear() throws {
    let pattern = try TextPattern(checking: "^(a+)+$")
    let text = String(repeating: "a", count: 1_000_000)
    #expect(pattern.matches(text))
    #expect(!pattern.matches(text + "b"))
  }
}
