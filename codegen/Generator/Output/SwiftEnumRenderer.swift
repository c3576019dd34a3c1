/// Writes an enum: known values as cases, and one more for what the schema does not know.
struct SwiftEnumRenderer {
  let names: SwiftNames
  let access: String

  func render(_ entry: EnumModel, into text: inout SourceText) {
    let cases = SwiftNames.cases(entry)
    let type = SwiftNames.typeName(entry.name)
    let integer = names.library("Int32", "Swift", in: entry.package)
    text.comment(entry.comment)
    text.block("\(access) enum \(type): \(names.library("MessageEnum", "Protobuf", in: entry.package)) {") { text in
      var seen: Set<Int32> = []
      var known: [(name: String, number: Int32)] = []
      for (value, name) in zip(entry.values, cases) {
        text.comment(value.comment)
        if seen.insert(value.number).inserted {
          text.line("case \(name)")
          known.append((name, value.number))
        } else {
          // allow_alias: a second name of a number.
          let first = known.first { $0.number == value.number }?.name ?? cases[0]
          text.line("\(access) static var \(name): \(type) { .\(first) }")
        }
      }
      text.comment("A value that this schema does not know.")
      text.line("case unrecognized(\(integer))")
      text.line()
      text.line("\(access) init() { self = .\(known.first?.name ?? "unrecognized(0)") }")
      text.line()
      text.block("\(access) init(rawValue: \(integer)) {") { text in
        text.line("switch rawValue {")
        for value in known { text.line("case \(value.number): self = .\(value.name)") }
        text.line("default: self = .unrecognized(rawValue)")
        text.line("}")
      }
      text.line()
      text.block("\(access) var rawValue: \(integer) {") { text in
        text.line("switch self {")
        for value in known { text.line("case .\(value.name): \(value.number)") }
        text.line("case .unrecognized(let value): value")
        text.line("}")
      }
      text.line()
      let library = { (name: String) in names.library(name, "Protobuf", in: entry.package) }
      text.block("\(access) static let schema: \(library("EnumSchema")) = \(library("EnumSchema"))(", closing: nil) {
        text in
        text.line("name: \"\(entry.fullName)\",")
        text.block("values: [", closing: "])") { text in
          text.entries(
            entry.values.map { value in
              let json = value.json.map { ", json: \(SwiftLiteral.string($0))" } ?? ""
              return "\(library("EnumValueSchema"))(name: \"\(value.name)\", number: \(value.number)\(json))"
            })
        }
      }
    }
  }
}

/// Writes values as Swift source.
enum SwiftLiteral {
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        if scalar.value < 0x20 {
          result += "\\u{" + String(scalar.value, radix: 16) + "}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
