/// Reads the `buf.validate` options. Numbers are those of `proto/buf/validate/validate.proto`.
enum RulesReader {
  /// How a rule's argument is written.
  private enum Form {
    case unsigned, integer, zigzag, fixed32, fixed64, signed32, signed64, single, double, flag, text, bytes
    /// Says nothing that could be broken.
    case ignored
  }

  /// The number of all extensions of `buf.validate`, and that of `predefined`.
  private static let rules = 1159
  private static let predefined = 1160

  static func fieldRules(_ options: [WireField]) -> FieldRules {
    var result = fieldRules(of: options.filter { $0.number == rules }.flatMap(\.fields))
    if options.contains(where: { $0.number == predefined }) { result.unsupported.append("predefined") }
    return result
  }

  /// Whether one member of a oneof has to be set, and what else is asked of it.
  static func oneofRules(_ options: [WireField]) -> (isRequired: Bool, unsupported: [String]) {
    let fields = options.filter { $0.number == rules }.flatMap(\.fields)
    let isRequired = fields.last { $0.number == 1 }?.integer == 1
    return (isRequired, fields.filter { $0.number != 1 }.map { "number \($0.number)" })
  }

  /// The names of a message's rules, none of which is supported.
  static func messageRules(_ options: [WireField]) -> [String] {
    let names = [3: "cel", 4: "oneof", 5: "cel_expression"]
    return options.filter { $0.number == rules }.flatMap(\.fields).map { names[$0.number] ?? "number \($0.number)" }
  }

  private static func fieldRules(of fields: [WireField]) -> FieldRules {
    var result = FieldRules()
    for field in fields {
      switch field.number {
      case 25: result.isRequired = field.integer == 1
      case 27: result.ignore = field.integer == 1 ? .zero : field.integer == 3 ? .always : .unset
      case 23, 29: result.unsupported.append("cel")
      default:
        guard let kind = kinds[field.number] else {
          result.unsupported.append("number \(field.number)")
          continue
        }
        result.kind = kind
        for rule in field.fields { add(rule, kind, to: &result) }
      }
    }
    return result
  }

  private static func add(_ rule: WireField, _ kind: String, to result: inout FieldRules) {
    switch (kind, rule.number) {
    case ("repeated", 4): result.items = [fieldRules(of: rule.fields)]
    case ("map", 4): result.keys = [fieldRules(of: rule.fields)]
    case ("map", 5): result.mapValues = [fieldRules(of: rule.fields)]
    default:
      guard let (name, form) = table(kind)[rule.number] else {
        result.unsupported.append("\(kind).\(unsupportedNames[kind]?[rule.number] ?? "number \(rule.number)")")
        return
      }
      guard let value = value(rule, form) else { return }
      result.values.append(ValueRule(name: name, value: value))
    }
  }

  private static func value(_ field: WireField, _ form: Form) -> RuleValue? {
    switch (form, field.value) {
    case (.unsigned, .varint(let bits)): .unsigned(bits)
    case (.integer, .varint(let bits)): .integer(Int64(bitPattern: bits))
    case (.zigzag, .varint(let bits)): .integer(Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1))
    case (.fixed32, .fixed(let bits)), (.fixed64, .fixed(let bits)): .unsigned(bits)
    case (.signed32, .fixed(let bits)): .integer(Int64(Int32(truncatingIfNeeded: bits)))
    case (.signed64, .fixed(let bits)): .integer(Int64(bitPattern: bits))
    case (.single, .fixed(let bits)): .single(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case (.double, .fixed(let bits)): .double(Double(bitPattern: bits))
    case (.flag, .varint(let bits)): .flag(bits != 0)
    case (.text, .bytes(let bytes)): .text(String(decoding: bytes, as: UTF8.self))
    case (.bytes, .bytes(let bytes)): .bytes(bytes)
    default: nil
    }
  }

  // MARK: - Names and numbers

  private static let kinds: [Int: String] = [
    1: "float", 2: "double", 3: "int32", 4: "int64", 5: "uint32", 6: "uint64", 7: "sint32", 8: "sint64", 9: "fixed32",
    10: "fixed64", 11: "sfixed32", 12: "sfixed64", 13: "bool", 14: "string", 15: "bytes", 16: "enum", 18: "repeated",
    19: "map", 20: "any", 21: "duration", 22: "timestamp", 28: "field_mask",
  ]

  private static func table(_ kind: String) -> [Int: (String, Form)] {
    switch kind {
    case "float": numbers(.single, example: 9).merging([8: ("finite", .flag)]) { $1 }
    case "double": numbers(.double, example: 9).merging([8: ("finite", .flag)]) { $1 }
    case "int32": numbers(.integer, example: 8)
    case "int64": numbers(.integer, example: 9)
    case "uint32", "uint64": numbers(.unsigned, example: 8)
    case "sint32", "sint64": numbers(.zigzag, example: 8)
    case "fixed32": numbers(.fixed32, example: 8)
    case "fixed64": numbers(.fixed64, example: 8)
    case "sfixed32": numbers(.signed32, example: 8)
    case "sfixed64": numbers(.signed64, example: 8)
    case "bool": [1: ("const", .flag), 2: ("example", .ignored)]
    case "string":
      [
        1: ("const", .text), 19: ("len", .unsigned), 2: ("min_len", .unsigned), 3: ("max_len", .unsigned),
        20: ("len_bytes", .unsigned), 4: ("min_bytes", .unsigned), 5: ("max_bytes", .unsigned), 6: ("pattern", .text),
        7: ("prefix", .text), 8: ("suffix", .text), 10: ("in", .text), 11: ("not_in", .text), 12: ("email", .flag),
        22: ("uuid", .flag), 34: ("example", .ignored),
      ]
    case "bytes":
      [
        1: ("const", .bytes), 13: ("len", .unsigned), 2: ("min_len", .unsigned), 3: ("max_len", .unsigned),
        8: ("in", .bytes), 9: ("not_in", .bytes), 14: ("example", .ignored),
      ]
    case "enum":
      [
        1: ("const", .integer), 2: ("defined_only", .flag), 3: ("in", .integer), 4: ("not_in", .integer),
        5: ("example", .ignored),
      ]
    case "repeated": [1: ("min_items", .unsigned), 2: ("max_items", .unsigned)]
    case "map": [1: ("min_pairs", .unsigned), 2: ("max_pairs", .unsigned)]
    default: [:]
    }
  }

  private static func numbers(_ form: Form, example: Int) -> [Int: (String, Form)] {
    [
      1: ("const", form), 2: ("lt", form), 3: ("lte", form), 4: ("gt", form), 5: ("gte", form), 6: ("in", form),
      7: ("not_in", form), example: ("example", .ignored),
    ]
  }

  /// So that the error names what somebody wrote.
  private static let unsupportedNames: [String: [Int: String]] = [
    "string": [
      9: "contains", 23: "not_contains", 13: "hostname", 14: "ip", 15: "ipv4", 16: "ipv6", 17: "uri", 18: "uri_ref",
      21: "address", 24: "well_known_regex", 25: "strict", 26: "ip_with_prefixlen", 27: "ipv4_with_prefixlen",
      28: "ipv6_with_prefixlen", 29: "ip_prefix", 30: "ipv4_prefix", 31: "ipv6_prefix", 32: "host_and_port",
      33: "tuuid", 35: "ulid", 37: "protobuf_fqn", 38: "protobuf_dot_fqn",
    ],
    "bytes": [4: "pattern", 5: "prefix", 6: "suffix", 7: "contains", 10: "ip", 11: "ipv4", 12: "ipv6", 15: "uuid"],
    "repeated": [3: "unique"],
    "any": [2: "in", 3: "not_in"],
    "duration": [2: "const", 3: "lt", 4: "lte", 5: "gt", 6: "gte", 7: "in", 8: "not_in", 9: "example"],
    "field_mask": [1: "const", 2: "in", 3: "not_in", 4: "example"],
    "timestamp": [
      2: "const", 3: "lt", 4: "lte", 5: "gt", 6: "gte", 7: "lt_now", 8: "gt_now", 9: "within", 10: "example",
    ],
  ]
}
