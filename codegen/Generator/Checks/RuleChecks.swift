import Protobuf

/// The `buf.validate` options: each is one that the generator makes a check of, fits its field's type, and can be kept.
struct RuleChecks {
  let table: TypeTable

  func check(_ file: FileModel) -> [Diagnostic] {
    file.messages.flatMap(\.family).flatMap { message -> [Diagnostic] in
      var found = message.unsupportedRules.map {
        unsupported("message", $0, "message \(message.name)", message.location)
      }
      for oneof in message.oneofs {
        found += oneof.unsupportedRules.map { unsupported("oneof", $0, "oneof \(oneof.name)", oneof.location) }
      }
      return found + message.fields.flatMap { check($0) }
    }
  }

  private func unsupported(_ option: String, _ rule: String, _ owner: String, _ location: SourceLocation) -> Diagnostic
  {
    Diagnostic(
      location: location, rule: "rule-supported",
      message:
        "\(owner) has the rule (buf.validate.\(option)).\(rule), which the generator makes no check of: state it in the service"
    )
  }

  private func check(_ field: FieldModel) -> [Diagnostic] {
    var found: [Diagnostic] = []
    if let entry = table.mapEntry(field) {
      found += check(field.rules, fits: "map", of: field)
      for rules in field.rules.keys { found += check(rules, fits: entry.fields.first.flatMap(kind), of: field) }
      for rules in field.rules.mapValues { found += check(rules, fits: entry.fields.last.flatMap(kind), of: field) }
    } else if field.isRepeated {
      found += check(field.rules, fits: "repeated", of: field)
      for rules in field.rules.items { found += check(rules, fits: kind(field), of: field) }
    } else {
      found += check(field.rules, fits: kind(field), of: field)
    }
    if let object = field.object {
      if field.type != .message("google.protobuf.Struct") || field.isRepeated {
        found.append(
          Diagnostic(
            location: field.location, rule: "object-type",
            message: "'\(field.name)' has bounds of an object and is no google.protobuf.Struct"))
      }
      if object.maximumBytes <= 0 || object.maximumDepth <= 0 {
        found.append(
          Diagnostic(
            location: field.location, rule: "object-bounds",
            message: "the object '\(field.name)' needs both bounds, max_bytes and max_depth, above 0"))
      }
    }
    return found
  }

  /// The kind of rules that fits one value of the field.
  private func kind(_ field: FieldModel) -> String? {
    if case .message(let name) = field.type { return WellKnown.wrappedKind(name) }
    return field.ruleKind
  }

  private func check(_ rules: FieldRules, fits kind: String?, of field: FieldModel) -> [Diagnostic] {
    var found = rules.unsupported.map { unsupported("field", $0, "'\(field.name)'", field.location) }
    func fail(_ rule: String, _ message: String) {
      found.append(Diagnostic(location: field.location, rule: rule, message: message))
    }
    guard found.isEmpty, let given = rules.kind else { return found }
    guard given == kind else {
      let fitting = kind.map { "rules of \($0)" } ?? "no rules but `required`"
      fail("rule-type", "'\(field.name)' has rules of \(given); its type takes \(fitting)")
      return found
    }
    if let pattern = rules.text("pattern") {
      do {
        _ = try TextPattern(checking: pattern)
      } catch {
        fail("rule-pattern", "the pattern of '\(field.name)': \(error)")
      }
    }
    for (low, high) in [
      ("min_len", "max_len"), ("min_bytes", "max_bytes"), ("min_items", "max_items"), ("min_pairs", "max_pairs"),
    ] {
      if let least = rules.count(low), let most = rules.count(high), least > most {
        fail("rule-range", "\(low) of '\(field.name)' is \(least) and \(high) is \(most)")
      }
    }
    let lower = rules.value("gt") ?? rules.value("gte")
    let upper = rules.value("lt") ?? rules.value("lte")
    if let lower, let upper, !RuleValue.isBelow(lower, upper),
      lower != upper || rules.value("gte") == nil || rules.value("lte") == nil
    {
      fail("rule-range", "the lower bound of '\(field.name)' is not below its upper one")
    }
    for value in rules.values.map(\.value) where !value.isFinite {
      fail("rule-range", "a bound of '\(field.name)' is no finite number")
    }
    for count in rules.values where count.name.contains("_") && count.value.isHuge {
      fail("rule-range", "\(count.name) of '\(field.name)' is too large")
    }
    return found
  }
}

extension RuleValue {
  fileprivate var isFinite: Bool {
    switch self {
    case .single(let value): value.isFinite
    case .double(let value): value.isFinite
    default: true
    }
  }

  /// Whether it is a count that no length reaches.
  fileprivate var isHuge: Bool {
    if case .unsigned(let value) = self { return value > UInt64(Int64.max) }
    return false
  }
}

extension WellKnown {
  /// The kind of rules for the value in a wrapper such as `google.protobuf.Int64Value`; `nil` for any other message.
  static func wrappedKind(_ fullName: String) -> String? {
    guard fullName.hasPrefix("google.protobuf."), fullName.hasSuffix("Value") else { return nil }
    let name = fullName.dropFirst("google.protobuf.".count).dropLast("Value".count).lowercased()
    return ["double", "float", "int64", "uint64", "int32", "uint32", "bool", "string", "bytes"].contains(name)
      ? name : nil
  }
}
