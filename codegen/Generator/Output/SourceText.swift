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
      for (index, entry) in entries.enumerated() { text.line(entry + (index < entries.count - 1 ? "," : "")) }
    }
  }

  /// Writes a documentation comment.
  mutating func comment(_ comment: String, marker: String = "///") {
    guard !comment.isEmpty else { return }
    for part in comment.split(separator: "\n", omittingEmptySubsequences: false) {
      line(part.isEmpty ? marker : "\(marker) \(part)")
    }
  }
}
