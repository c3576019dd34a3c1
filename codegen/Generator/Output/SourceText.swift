/// Text that grows line by line and knows its indentation. Knows nothing of what is written.
struct SourceText {
  private(set) var text = ""
  private var depth = 0
  private let unit: String

  init(indentation: String = "  ") { unit = indentation }

  /// Writes one line, or an empty one; text with line breaks becomes several, each indented.
  mutating func line(_ text: String = "") {
    guard !text.isEmpty else {
      self.text += "\n"
      return
    }
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if !part.isEmpty {
        for _ in 0..<depth { self.text += unit }
        self.text += part
      }
      self.text += "\n"
    }
  }

  /// Writes one line of Swift, broken as swift-format breaks it where it is longer than 120 columns: behind the parenthesis
  /// that closes last, then behind commas.
  mutating func code(_ text: String) {
    let room = 120 - depth * unit.count
    guard text.count > room, !text.contains("\n"), let (opening, arguments, closing) = Self.outermostCall(text) else {
      line(text)
      return
    }
    line(opening)
    depth += 1
    var current = ""
    for (index, argument) in arguments.enumerated() {
      let piece = argument + (index < arguments.count - 1 ? "," : closing)
      if !current.isEmpty, current.count + 1 + piece.count > room - unit.count {
        line(current)
        current = ""
      }
      current += current.isEmpty ? piece : " " + piece
    }
    line(current)
    depth -= 1
  }

  /// Takes `a = f(b, c),` apart into `a = f(`, its arguments and `),`. The call is the first one that ends at the end.
  private static func outermostCall(_ text: String) -> (opening: String, arguments: [String], closing: String)? {
    let letters = Array(text)
    guard let end = letters.lastIndex(of: ")"),
      letters[(end + 1)...].allSatisfy({ $0 == "," || $0 == " " || $0 == "{" })
    else { return nil }
    var open: [Int] = []
    var isQuoted = false
    for (index, letter) in letters[..<end].enumerated() {
      if letter == "\"" { isQuoted.toggle() }
      guard !isQuoted else { continue }
      if "([{".contains(letter) { open.append(index) }
      if ")]}".contains(letter) { _ = open.popLast() }
    }
    guard let start = open.first(where: { letters[$0] == "(" }), start == open.last else { return nil }

    var arguments = [""]
    var level = 0
    isQuoted = false
    for letter in letters[(start + 1)..<end] {
      if letter == "\"" { isQuoted.toggle() }
      if !isQuoted {
        if "([{".contains(letter) { level += 1 }
        if ")]}".contains(letter) { level -= 1 }
        if letter == ",", level == 0 {
          arguments.append("")
          continue
        }
      }
      if letter == " ", arguments[arguments.count - 1].isEmpty { continue }
      arguments[arguments.count - 1].append(letter)
    }
    return (String(letters[...start]), arguments, String(letters[end...]))
  }

  /// Writes the entries of an array or dictionary literal, one a line; a single one without a comma.
  mutating func entries(_ entries: [String]) {
    for entry in entries { code(entries.count == 1 ? entry : entry + ",") }
  }

  /// Writes an opening line, an indented body and, unless `nil`, a closing line.
  mutating func block(_ opening: String, closing: String? = "}", _ body: (inout SourceText) -> Void) {
    line(opening)
    depth += 1
    body(&self)
    depth -= 1
    if let closing { line(closing) }
  }

  /// Writes the indented body and the closing line of a block that a `list` opened.
  mutating func body(closing: String = "}", _ body: (inout SourceText) -> Void) {
    depth += 1
    body(&self)
    depth -= 1
    line(closing)
  }

  /// Writes a list such as parameters: on one line where it fits into 120 columns, else one entry a line.
  mutating func list(_ opening: String, _ entries: [String], _ closing: String) {
    let joined = opening + entries.joined(separator: ", ") + closing
    if depth * unit.count + joined.count <= 120 {
      line(joined)
      return
    }
    block(opening, closing: closing) { text in
      for (index, entry) in entries.enumerated() { text.code(entry + (index < entries.count - 1 ? "," : "")) }
    }
  }

  /// Writes lines as they are; nothing for an empty text.
  mutating func lines(_ text: String) {
    if !text.isEmpty { line(text) }
  }

  /// Writes a documentation comment.
  mutating func comment(_ comment: String, marker: String = "///") {
    guard !comment.isEmpty else { return }
    for part in comment.split(separator: "\n", omittingEmptySubsequences: false) {
      line(part.isEmpty ? marker : "\(marker) \(part)")
    }
  }
}
