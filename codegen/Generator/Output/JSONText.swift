/// A JSON value that keeps the order of its members, so that documents are the same at every run.
indirect enum JSONText {
  case string(String)
  case integer(Int)
  /// A number as it is written.
  case number(String)
  case bool(Bool)
  case array([JSONText])
  case object([(String, JSONText)])

  /// The value over several lines, two spaces a level; short arrays of plain values stay on one line.
  func written(indentation: String = "") -> String {
    let inner = indentation + "  "
    switch self {
    case .string(let text): return Self.quoted(text)
    case .integer(let number): return String(number)
    case .number(let literal): return literal
    case .bool(let flag): return flag ? "true" : "false"
    case .array(let values):
      if values.isEmpty { return "[]" }
      let parts = values.map { $0.written(indentation: inner) }
      let line = "[" + parts.joined(separator: ", ") + "]"
      if !line.contains("\n"), line.count <= 100 { return line }
      return "[\n" + parts.map { inner + $0 }.joined(separator: ",\n") + "\n\(indentation)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let parts = members.map { "\(inner)\(Self.quoted($0)): \($1.written(indentation: inner))" }
      return "{\n" + parts.joined(separator: ",\n") + "\n\(indentation)}"
    }
  }

  /// A JSON string literal.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
