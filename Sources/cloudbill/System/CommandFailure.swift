/// A command cannot go on: what is wrong, and what the person in front of the terminal can do about it.
struct CommandFailure: Error, CustomStringConvertible {
  let message: String
  /// One suggestion a line; empty when the message says it all.
  let advice: [String]

  init(_ message: String, advice: [String] = []) {
    self.message = message
    self.advice = advice
  }

  var description: String { ([message] + advice.map { "  " + $0 }).joined(separator: "\n") }

  /// A system call failed.
  static func system(_ call: String, _ path: String, _ code: Int32, advice: [String] = []) -> CommandFailure {
    CommandFailure("\(call) \(path): \(systemErrorText(code))", advice: advice)
  }
}
