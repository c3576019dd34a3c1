import Glibc

/// What a command prints for people: plain lines, coloured on a terminal only.
struct Terminal {
  private let colour = isatty(1) == 1 && Environment["NO_COLOR"] == nil

  func line(_ text: String = "") { put(text + "\n", to: 1) }

  func step(_ text: String) { line("\(styled("==>", "1")) \(text)") }

  func note(_ text: String) { line("    \(styled(text, "2"))") }

  func done(after time: Swift.Duration) {
    if time > .milliseconds(100) { line("    \(styled("done", "32")) in \(Self.seconds(time))") }
  }

  func warning(_ text: String) { put("\(styled("cloudbill:", "33")) \(text)\n", to: 2) }

  /// What went wrong, for people only: standard output stays the program's answer.
  func complaint(_ text: String) { put(text + "\n", to: 2) }

  func bold(_ text: String) -> String { styled(text, "1") }

  static func seconds(_ time: Swift.Duration) -> String {
    let tenths = (time / .milliseconds(100)).rounded()
    return "\(Int(tenths) / 10).\(Int(tenths) % 10) s"
  }

  private func styled(_ text: String, _ code: String) -> String { colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }

  /// Unbuffered: what was said is seen even when the process is killed next. A closed output is nobody's loss.
  private func put(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
