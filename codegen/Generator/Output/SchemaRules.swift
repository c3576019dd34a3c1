/// What the rules of a field are in JSON Schema.
enum SchemaRules {
  static func members(_ rules: FieldRules, _ field: FieldModel) -> [(String, JSONText)] {
    switch rules.kind {
    case "string": text(rules)
    case "bytes", "bool", "enum", nil: rules.value("const").map { [("const", literal($0))] } ?? []
    default: number(rules, field)
    }
  }

  /// The bounds of a list's or a map's length.
  static func sizes(_ rules: FieldRules, least: String, most: String) -> [(String, JSONText)] {
    var result: [(String, JSONText)] = []
    let lowest = rules.count("min_items") ?? rules.count("min_pairs") ?? (rules.isRequired ? 1 : nil)
    if let lowest { result.append((least, .integer(Int(lowest)))) }
    if let highest = rules.count("max_items") ?? rules.count("max_pairs") {
      result.append((most, .integer(Int(highest))))
    }
    return result
  }

  private static func text(_ rules: FieldRules) -> [(String, JSONText)] {
    var result: [(String, JSONText)] = []
    let lowest = rules.count("len") ?? rules.count("min_len") ?? (rules.isRequired ? 1 : nil)
    if let lowest { result.append(("minLength", .integer(Int(lowest)))) }
    // A character has one byte at the least.
    if let highest = rules.count("len") ?? rules.count("max_len") ?? rules.count("max_bytes") {
      result.append(("maxLength", .integer(Int(highest))))
    }
    if let pattern = rules.text("pattern") { result.append(("pattern", .string(ecma(pattern)))) }
    if rules.has("uuid") { result.append(("format", .string("uuid"))) }
    if rules.has("email") { result.append(("format", .string("email"))) }
    if let value = rules.value("const") { result.append(("const", literal(value))) }
    if !rules.list("in").isEmpty { result.append(("enum", .array(rules.list("in").map(literal)))) }
    return result
  }

  /// Of an amount of money only what holds for a currency of any decimals: its bounds are minor units, and JSON shows major ones.
  private static func number(_ rules: FieldRules, _ field: FieldModel) -> [(String, JSONText)] {
    var result: [(String, JSONText)] = []
    let names = [("gte", "minimum"), ("gt", "exclusiveMinimum"), ("lte", "maximum"), ("lt", "exclusiveMaximum")]
    for (rule, name) in names {
      guard let bound = rules.value(rule) else { continue }
      switch field.format {
      case .plain: break
      case .money where bound == .integer(0) || rule.hasPrefix("l"): break
      case .money, .decimal: continue
      }
      result.append((name, literal(bound)))
    }
    guard field.format == .plain else { return result }
    if let value = rules.value("const") { result.append(("const", literal(value))) }
    if !rules.list("in").isEmpty { result.append(("enum", .array(rules.list("in").map(literal)))) }
    return result
  }

  private static func literal(_ value: RuleValue) -> JSONText {
    switch value {
    case .text(let text): .string(text)
    case .flag(let flag): .bool(flag)
    default: .number(value.literal)
    }
  }

  /// The pattern as JavaScript and JSON Schema write it: `\\x{202a}` is `\\u202a` there.
  static func ecma(_ pattern: String) -> String {
    var result = ""
    var rest = Substring(pattern)
    while let start = rest.firstRange(of: "\\x{") {
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else { break }
      result += rest[..<start.lowerBound]
      let digits = rest[start.upperBound..<end]
      let isShort = digits.count <= 4
      result += isShort ? "\\u" + String(repeating: "0", count: 4 - digits.count) + digits : "\\u{\(digits)}"
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}
