/// Writes the method that notes the rules a message breaks: straight code, which takes no memory while none is broken.
struct SwiftCheckRenderer {
  let names: SwiftNames
  let table: TypeTable
  let access: String
  let rules: RuleTable

  /// Writes nothing for a message that has no rules and holds none that has.
  func render(_ members: Members, into text: inout SourceText) {
    let message = members.message
    guard rules.isChecked(message.fullName) else { return }
    let violations = names.library("Violations", "Protobuf", in: message.package)
    text.line()
    text.block("\(access) func check(_ found: inout \(violations)) {") { text in
      for (index, oneof) in message.oneofs.enumerated() where oneof.isRequired && !message.isSynthetic(index) {
        text.block("if self.\(SwiftNames.property(oneof.name)) == nil {") { text in
          add(Casing.lowerCamelJSON(oneof.name), "required", "one of its fields", into: &text)
        }
      }
      for field in message.fields { check(members.swift(field), into: &text) }
    }
  }

  private func check(_ field: SwiftField, into text: inout SourceText) {
    guard field.field.rules.ignore != .always else { return }
    if field.field.isRepeated {
      entries(field, into: &text)
    } else {
      single(field, into: &text)
    }
  }

  // MARK: - One value

  private func single(_ field: SwiftField, into text: inout SourceText) {
    let model = field.field
    let isOptional = field.isMessage || model.isProto3Optional
    let inOneof = model.oneof.flatMap { field.message.isSynthetic($0) ? nil : field.message.oneofs[$0] }
    let expression = isOptional || inOneof != nil ? "value" : "self.\(field.property)"
    let body = value(field, model.rules, model, expression, path: model.jsonName)
    let zero = isZero(model, expression)
    let missing = Line.add(
      model.jsonName, "required", RuleWords(field: model, rules: model.rules, table: table).required)
    let isRequired = model.rules.isRequired

    if let oneof = inOneof {
      let property = SwiftNames.property(oneof.name)
      let binding = body.isEmpty ? ".\(field.property)?" : ".\(field.property)(let value)?"
      if body.isEmpty, !isRequired { return }
      write(
        [.block("if case \(binding) = self.\(property) {", body)], otherwise: isRequired ? missing : nil, into: &text)
    } else if isOptional {
      if body.isEmpty {
        if isRequired { write([.block("if self.\(field.property) == nil {", [missing])], otherwise: nil, into: &text) }
      } else {
        let opening = "if let value = self.\(field.property) {"
        write([.block(opening, body)], otherwise: isRequired ? missing : nil, into: &text)
      }
    } else if let zero, isRequired {
      guard !body.isEmpty else { return write([.block("if \(zero) {", [missing])], otherwise: nil, into: &text) }
      write([.block("if !(\(zero)) {", body)], otherwise: missing, into: &text)
    } else if let zero, model.rules.ignore == .zero, !body.isEmpty {
      write([.block("if !(\(zero)) {", body)], otherwise: nil, into: &text)
    } else {
      write(body, otherwise: nil, into: &text)
    }
  }

  /// The condition that a value without presence is not set.
  private func isZero(_ field: FieldModel, _ expression: String) -> String? {
    switch field.type {
    case .string, .bytes: "\(expression).isEmpty"
    case .bool: "!\(expression)"
    case .enumeration: "\(expression).rawValue == 0"
    case .message, .group: nil
    default: "\(expression) == 0"
    }
  }

  /// The checks of one value, be it a field's, an entry's, a key's or that in a wrapper.
  private func value(
    _ field: SwiftField, _ rules: FieldRules, _ model: FieldModel, _ expression: String, path: String
  ) -> [Line] {
    let words = RuleWords(field: field.field, rules: rules, table: table)
    var lines: [Line] = []
    let kind = rules.kind ?? ""
    for (rule, condition) in conditions(rules, model, expression) {
      lines.append(.block("if \(condition) {", [.add(path, "\(kind).\(rule)", words.words(rule.components[0]))]))
    }
    if let object = field.field.object {
      lines.append(
        .block(
          "if !\(expression).fits(bytes: \(object.maximumBytes), depth: \(object.maximumDepth)) {",
          [
            .add(
              path, "object",
              "an object of at most \(object.maximumBytes) bytes and \(object.maximumDepth) levels")
          ]))
    }
    if case .message(let name) = model.type, self.rules.isChecked(name) {
      let inside = [Line.code("\(expression).check(&found)")]
      lines +=
        path.isEmpty
        ? inside : [.code("let start = found.count")] + inside + [.code("found.within(\"\(path)\", since: start)")]
    }
    return lines
  }

  /// The rules of a scalar by name, each with the Swift condition that says it is broken.
  private func conditions(_ rules: FieldRules, _ model: FieldModel, _ whole: String) -> [(RuleName, String)] {
    guard let kind = rules.kind else { return [] }
    var value = whole
    if case .message(let name) = model.type, WellKnown.wrappedKind(name) != nil { value = whole + ".value" }
    var result: [(RuleName, String)] = []
    func add(_ name: String, _ condition: String) { result.append((RuleName(name), condition)) }
    let same = { (argument: RuleValue) in
      switch kind {
      case "string": "\(value).hasSameBytes(as: \(argument.literal))"
      case "enum": "\(value).rawValue == \(argument.literal)"
      default: "\(value) == \(argument.literal)"
      }
    }
    if let argument = rules.value("const") { add("const", "!(\(same(argument)))") }
    if !rules.list("in").isEmpty { add("in", "!(\(rules.list("in").map(same).joined(separator: " || ")))") }
    if !rules.list("not_in").isEmpty { add("not_in", rules.list("not_in").map(same).joined(separator: " || ")) }
    switch kind {
    case "string": text(rules, value).forEach { add($0, $1) }
    case "bytes":
      if let count = rules.count("len") { add("len", "\(value).count != \(count)") }
      if let count = rules.count("min_len") { add("min_len", "\(value).count < \(count)") }
      if let count = rules.count("max_len") { add("max_len", "\(value).count > \(count)") }
    case "enum":
      if rules.has("defined_only") { add("defined_only", "case .unrecognized = \(value)") }
    case "bool": break
    default: range(rules, value).forEach { add($0, $1) }
    }
    return result
  }

  private func text(_ rules: FieldRules, _ value: String) -> [(String, String)] {
    var result: [(String, String)] = []
    if let count = rules.count("len") { result.append(("len", "TextRules.length(\(value)) != \(count)")) }
    if let count = rules.count("min_len") {
      result.append(("min_len", count == 1 ? "\(value).isEmpty" : "TextRules.length(\(value)) < \(count)"))
    }
    if let count = rules.count("max_len") {
      // No text of so few bytes has more characters.
      result.append(("max_len", "\(value).utf8.count > \(count) && TextRules.length(\(value)) > \(count)"))
    }
    if let count = rules.count("len_bytes") { result.append(("len_bytes", "\(value).utf8.count != \(count)")) }
    if let count = rules.count("min_bytes") { result.append(("min_bytes", "\(value).utf8.count < \(count)")) }
    if let count = rules.count("max_bytes") { result.append(("max_bytes", "\(value).utf8.count > \(count)")) }
    if let pattern = rules.text("pattern") {
      result.append(("pattern", "!\(RuleTable.patterns).\(self.rules.patternName(pattern)).matches(\(value))"))
    }
    if let prefix = rules.text("prefix") {
      result.append(("prefix", "!\(value).utf8.starts(with: \(SwiftLiteral.string(prefix)).utf8)"))
    }
    if let suffix = rules.text("suffix") {
      let literal = SwiftLiteral.string(suffix)
      result.append(("suffix", "!\(value).utf8.reversed().starts(with: \(literal).utf8.reversed())"))
    }
    if rules.has("email") { result.append(("email", "!TextRules.isEmail(\(value))")) }
    if rules.has("uuid") { result.append(("uuid", "!TextRules.isUUID(\(value))")) }
    return result
  }

  private func range(_ rules: FieldRules, _ value: String) -> [(String, String)] {
    var parts: [(String, String)] = []
    for (name, sign) in [("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")] {
      if let bound = rules.value(name) { parts.append((name, "\(value) \(sign) \(bound.literal)")) }
    }
    var result: [(String, String)] = []
    if rules.has("finite") { result.append(("finite", "!\(value).isFinite")) }
    guard !parts.isEmpty else { return result }
    // One rule of two bounds, as protovalidate names it. Not the negated comparison: NaN is within no bounds.
    return result + [(parts.map(\.0).joined(separator: "_"), "!(\(parts.map(\.1).joined(separator: " && ")))")]
  }

  // MARK: - Lists and maps

  private func entries(_ field: SwiftField, into text: inout SourceText) {
    let model = field.field
    let list = "self.\(field.property)"
    var lines: [Line] = []
    let words = RuleWords(field: model, rules: model.rules, table: table)
    for (least, most) in [("min_items", "max_items"), ("min_pairs", "max_pairs")] {
      let kind = model.rules.kind ?? ""
      if let count = model.rules.count(least) {
        lines.append(
          .block("if \(list).count < \(count) {", [.add(model.jsonName, "\(kind).\(least)", words.words(least))]))
      }
      if let count = model.rules.count(most) {
        lines.append(
          .block("if \(list).count > \(count) {", [.add(model.jsonName, "\(kind).\(most)", words.words(most))]))
      }
    }
    if let map = field.mapTypes {
      let keys = model.rules.keys.first.map { value(map.key, $0, map.key.field, "key", path: "") } ?? []
      let valueRules = model.rules.mapValues.first ?? FieldRules()
      let values = valueRules.ignore == .always ? [] : value(map.value, valueRules, map.value.field, "value", path: "")
      if !keys.isEmpty || !values.isEmpty {
        let pair = "(key, \(values.isEmpty ? "_" : "value"))"
        lines.append(
          .block(
            "for \(pair) in \(list) {",
            [.code("let start = found.count")] + keys + values + [.code("found.within(\"\\(key)\", since: start)")]))
      }
    } else {
      let itemRules = model.rules.items.first ?? FieldRules()
      let items = itemRules.ignore == .always ? [] : value(field, itemRules, model, "value", path: "")
      if !items.isEmpty {
        lines.append(
          .block(
            "for (index, value) in \(list).enumerated() {",
            [.code("let start = found.count")] + items + [.code("found.within(\"\\(index)\", since: start)")]))
      }
    }
    // The name of the list or the map goes around what its entries broke.
    lines = lines.map { line in
      guard case .block(let opening, let body) = line, opening.hasPrefix("for ") else { return line }
      return .scope([
        .code("let before = found.count"), .block(opening, body),
        .code("found.within(\"\(model.jsonName)\", since: before)"),
      ])
    }
    if model.rules.isRequired {
      let missing = Line.add(model.jsonName, "required", words.required)
      if lines.isEmpty { return write([.block("if \(list).isEmpty {", [missing])], otherwise: nil, into: &text) }
      return write([.block("if !\(list).isEmpty {", lines)], otherwise: missing, into: &text)
    }
    if model.rules.ignore == .zero, !lines.isEmpty { lines = [.block("if !\(list).isEmpty {", lines)] }
    write(lines, otherwise: nil, into: &text)
  }

  // MARK: - Text

  private indirect enum Line {
    case add(String, String, String)
    case code(String)
    case block(String, [Line])
    /// Several lines with names of their own.
    case scope([Line])
  }

  /// `otherwise` is what the `else` of the last block says.
  private func write(_ lines: [Line], otherwise: Line?, into text: inout SourceText) {
    for (index, line) in lines.enumerated() {
      let isLast = index == lines.count - 1
      switch line {
      case .add(let path, let rule, let expected): add(path, rule, expected, into: &text)
      case .code(let code): text.line(code)
      case .scope(let lines):
        text.block("do {") { text in write(lines, otherwise: nil, into: &text) }
      case .block(let opening, let body):
        if let otherwise, isLast {
          text.block(opening, closing: "} else {") { text in write(body, otherwise: nil, into: &text) }
          text.body { text in write([otherwise], otherwise: nil, into: &text) }
        } else {
          text.block(opening) { text in write(body, otherwise: nil, into: &text) }
        }
      }
    }
  }

  private func add(_ path: String, _ rule: String, _ expected: String, into text: inout SourceText) {
    text.list("found.add(", ["\"\(path)\"", "\"\(rule)\"", SwiftLiteral.string(expected)], ")")
  }
}

/// A rule's name, which for a range is made of two.
private struct RuleName: CustomStringConvertible {
  let description: String

  init(_ name: String) { description = name }

  /// The names of `gte_lte` are `gte` and `lte`; those of other rules have no parts.
  var components: [String] {
    let bounds = ["gt", "gte", "lt", "lte"]
    let parts = description.split(separator: "_").map(String.init)
    return parts.allSatisfy(bounds.contains) ? parts : [description]
  }
}

/// Which messages have rules to check, be it in a message they hold, and what the patterns of a package are called.
struct RuleTable {
  /// The name of the type that holds the patterns of a file.
  static let patterns = "RulePatterns"

  private let checked: Set<String>
  private let names: [String: String]
  /// The patterns by the names of their constants.
  let constants: [(name: String, pattern: String)]

  init(_ messages: [MessageModel], table: TypeTable) {
    var checked: Set<String> = []
    var grew = true
    while grew {
      grew = false
      for message in table.messages.values where !checked.contains(message.fullName) {
        let isOwn = message.oneofs.contains(where: \.isRequired) || message.fields.contains(where: Self.hasRules)
        let holds = message.fields.contains { field in
          guard field.rules.ignore != .always, case .message(let name) = field.type else { return false }
          let target = table.mapEntry(field)?.fields.last
          if case .message(let inner) = target?.type { return checked.contains(inner) }
          return target == nil && checked.contains(name)
        }
        if isOwn || holds { grew = checked.insert(message.fullName).inserted || grew }
      }
    }
    self.checked = checked

    var names: [String: String] = [:]
    var constants: [(name: String, pattern: String)] = []
    for message in messages.flatMap(\.family) {
      for field in message.fields {
        for rules in [field.rules] + field.rules.items + field.rules.keys + field.rules.mapValues {
          guard let pattern = rules.text("pattern"), names[pattern] == nil else { continue }
          var name = Casing.lowerFirst(message.path.joined()) + Casing.capitalized(Casing.lowerCamel(field.name))
          if constants.contains(where: { $0.name == name }) { name += "\(constants.count)" }
          names[pattern] = name
          constants.append((name, pattern))
        }
      }
    }
    self.names = names
    self.constants = constants
  }

  func isChecked(_ fullName: String) -> Bool { checked.contains(fullName) }

  func patternName(_ pattern: String) -> String { names[pattern] ?? "" }

  private static func hasRules(_ field: FieldModel) -> Bool {
    field.rules.ignore != .always && (!field.rules.isEmpty || field.object != nil)
  }
}
