/// What a broken rule tells people: the words behind "expected".
struct RuleWords {
  let field: FieldModel
  let rules: FieldRules
  let table: TypeTable

  /// For a field that has to be set.
  var required: String {
    if !field.expected.isEmpty { return field.expected }
    switch rules.kind {
    case "string" where rules.has("email"): return "an email address"
    case "string" where rules.has("uuid"): return "a UUID"
    case "string" where rules.count("max_len") != nil: return length(lowest: 1)
    default: break
    }
    if case .enumeration(let name) = field.type, !field.isRepeated { return spellings(name) }
    return field.isRepeated ? "at least one entry" : "a value"
  }

  func words(_ rule: String) -> String {
    switch rule {
    case "len", "min_len", "max_len": length(lowest: 0)
    case "len_bytes", "min_bytes", "max_bytes":
      bounds(rules.count("min_bytes"), rules.count("max_bytes"), exactly: rules.count("len_bytes"), "bytes")
    case "pattern": field.expected.isEmpty ? "text that matches \(rules.text("pattern") ?? "")" : field.expected
    case "prefix": "text that begins with \(rules.text("prefix") ?? "")"
    case "suffix": "text that ends with \(rules.text("suffix") ?? "")"
    case "email": "an email address"
    case "uuid": "a UUID"
    case "const": plain(rules.value("const"))
    case "in": "one of " + rules.list("in").map { plain($0) }.joined(separator: ", ")
    case "not_in": "none of " + rules.list("not_in").map { plain($0) }.joined(separator: ", ")
    case "finite": "a finite number"
    case "defined_only":
      if case .enumeration(let name) = field.type { spellings(name) } else { "a known value" }
    case "min_items", "max_items": bounds(rules.count("min_items"), rules.count("max_items"), exactly: nil, "entries")
    case "min_pairs", "max_pairs": bounds(rules.count("min_pairs"), rules.count("max_pairs"), exactly: nil, "entries")
    default: range
    }
  }

  private func length(lowest: UInt64) -> String {
    let least = max(lowest, rules.count("min_len") ?? 0)
    return bounds(
      least == 0 ? nil : least, rules.count("max_len"), exactly: rules.count("len"),
      rules.kind == "bytes" ? "bytes" : "characters")
  }

  private func bounds(_ least: UInt64?, _ most: UInt64?, exactly: UInt64?, _ unit: String) -> String {
    if let exactly { return exactly == 1 && unit.hasSuffix("s") ? "1 \(unit.dropLast())" : "\(exactly) \(unit)" }
    switch (least, most) {
    case (let least?, let most?): return "\(least) to \(most) \(unit)"
    case (let least?, nil): return "at least \(least) \(unit)"
    case (nil, let most?): return "at most \(most) \(unit)"
    default: return unit
    }
  }

  private var range: String {
    if case .money = field.format { return money }
    switch (rules.value("gte"), rules.value("gt"), rules.value("lte"), rules.value("lt")) {
    case (let low?, nil, let high?, nil): return "\(plain(low)) to \(plain(high))"
    case (let low?, nil, nil, nil): return "\(plain(low)) or more"
    case (nil, nil, let high?, nil): return "\(plain(high)) or less"
    case (let low, let above, let high, let below):
      let lower = low.map { "\(plain($0)) or more" } ?? above.map { "more than \(plain($0))" }
      let upper = high.map { "\(plain($0)) or less" } ?? below.map { "less than \(plain($0))" }
      return [lower, upper].compactMap(\.self).joined(separator: " and ")
    }
  }

  /// The bounds are minor units, which no caller writes.
  private var money: String {
    let isPositive = rules.value("gt") == .integer(0)
    let isUnsigned = isPositive || rules.value("gte") == .integer(0)
    let digits = (rules.value("lte") ?? rules.value("lt")).map { ", of at most \(plain($0).count) digits" } ?? ""
    return (isPositive ? "an amount above zero" : isUnsigned ? "an amount of zero or more" : "an amount") + digits
  }

  private func plain(_ value: RuleValue?) -> String {
    switch value {
    case .text(let text): text
    case .integer(let number):
      if case .enumeration(let name) = field.type {
        table.enums[name]?.values.first { Int64($0.number) == number }.map { $0.json ?? $0.name } ?? "\(number)"
      } else {
        "\(number)"
      }
    case let value?: value.literal
    case nil: ""
    }
  }

  /// The values of an enum as callers write them.
  private func spellings(_ name: String) -> String {
    let values = table.enums[name]?.values ?? []
    let spelled = values.compactMap(\.json)
    return "one of " + (spelled.isEmpty ? values.map(\.name) : spelled).joined(separator: ", ")
  }
}
