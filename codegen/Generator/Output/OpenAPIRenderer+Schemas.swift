/// The shapes of messages, fields and enums as JSON Schema, by the rules of `JSONEncodingOptions.rest`.
extension OpenAPIRenderer {
  var schemas: [(String, JSONText)] {
    let replies = Self.replyTypes(types)
    var result = types.messages.filter { replies.contains($0.fullName) }.map { message in
      (types.name(message.fullName), described(object(message.fields, isReply: true), message.comment))
    }
    result += types.enums.map { entry in
      let values = entry.values.filter { $0.number != 0 || $0.json != nil }.map { JSONText.string($0.json ?? $0.name) }
      return (
        types.name(entry.fullName),
        described(.object([("type", .string("string")), ("enum", .array(values))]), entry.comment)
      )
    }
    return result.sorted { $0.0 < $1.0 }
  }

  /// What replies show, and what requests hold below their first level: the rest is written in place.
  private static func replyTypes(_ types: RestTypes) -> Set<String> {
    var result: Set<String> = []
    var waiting = types.routes.flatMap { route -> [String] in
      let inputs = (types.table.messages[route.method.input]?.fields ?? []).compactMap(\.messageName)
      let output = types.data(of: route).map { $0.messageName.map { [$0] } ?? [] } ?? [route.method.output]
      return inputs + output + (route.isPaginated ? ["cloudbill.common.v1.Pagination"] : [])
    }
    while let name = waiting.popLast() {
      guard result.insert(name).inserted else { continue }
      waiting += (types.table.messages[name]?.fields ?? []).compactMap(\.messageName)
    }
    return result
  }

  func object(_ fields: [FieldModel], isReply: Bool) -> JSONText {
    var members: [(String, JSONText)] = [
      ("type", .string("object")),
      ("properties", .object(fields.map { ($0.jsonName, described(schema($0), $0.comment)) })),
    ]
    let required = fields.filter { isReply ? RestTypes.isAlwaysPrinted($0) : RestTypes.isRequired($0) }
      .map { JSONText.string($0.jsonName) }
    if !required.isEmpty { members.append(("required", .array(required))) }
    if !isReply { members.append(("additionalProperties", .bool(false))) }
    return .object(members)
  }

  private func described(_ schema: JSONText, _ comment: String) -> JSONText {
    guard !comment.isEmpty, case .object(let members) = schema else { return schema }
    return .object(members + [("description", .string(flat(comment)))])
  }

  /// A comment's lines as one.
  func flat(_ comment: String) -> String { comment.split(separator: "\n").joined(separator: " ") }

  static let dateTime: JSONText = .object([("type", .string("string")), ("format", .string("date-time"))])

  func reference(_ fullName: String) -> JSONText {
    .object([("$ref", .string("#/components/schemas/\(types.name(fullName))"))])
  }

  func schema(_ field: FieldModel) -> JSONText {
    if let entry = types.table.mapEntry(field), let value = entry.fields.last {
      let bounds = SchemaRules.sizes(field.rules, least: "minProperties", most: "maxProperties")
      let values = element(value, field.rules.mapValues.first ?? FieldRules())
      return .object([("type", .string("object")), ("additionalProperties", values)] + bounds)
    }
    guard field.isRepeated else { return element(field, field.rules) }
    let items = element(field, field.rules.items.first ?? FieldRules())
    return .object(
      [("type", .string("array")), ("items", items)]
        + SchemaRules.sizes(field.rules, least: "minItems", most: "maxItems"))
  }

  /// One value, with what its rules say. A reference stands alone: what is shared by many fields has no rule of one.
  private func element(_ field: FieldModel, _ rules: FieldRules) -> JSONText {
    guard case .object(let members) = element(field), members.first?.0 != "$ref" else { return element(field) }
    let added = SchemaRules.members(rules, field)
    let names = Set(added.map(\.0))
    return .object(members.filter { !names.contains($0.0) } + added)
  }

  private func element(_ field: FieldModel) -> JSONText {
    let type = { (name: String, format: String?) in
      JSONText.object([("type", .string(name))] + (format.map { [("format", .string($0))] } ?? []))
    }
    switch field.format {
    case .money(let currency):
      let sibling = Casing.lowerCamelJSON(currency)
      return .object([("type", .string("number")), ("x-money-currency-field", .string(sibling))])
    case .decimal: return type("number", nil)
    case .plain: break
    }
    switch field.type {
    case .double, .float: return type("number", nil)
    case .int32: return type("integer", "int32")
    case .uint32: return .object([("type", .string("integer")), ("minimum", .integer(0))])
    case .int64: return type("integer", "int64")
    case .uint64: return .object([("type", .string("integer")), ("minimum", .integer(0))])
    case .bool: return type("boolean", nil)
    case .string: return type("string", nil)
    case .bytes: return .object([("type", .string("string")), ("contentEncoding", .string("base64"))])
    case .enumeration(let name): return WellKnown.swiftName(name) == nil ? reference(name) : type("null", nil)
    case .message(let name): return wellKnown(name) ?? reference(name)
    case .group: return .object([])
    }
  }

  private func wellKnown(_ name: String) -> JSONText? {
    let type = { (name: String) in JSONText.object([("type", .string(name))]) }
    switch name {
    case "google.protobuf.Timestamp": return Self.dateTime
    case "google.protobuf.Duration", "google.protobuf.FieldMask", "google.protobuf.StringValue",
      "google.protobuf.BytesValue":
      return type("string")
    case "google.protobuf.Struct", "google.protobuf.Empty", "google.protobuf.Any": return type("object")
    case "google.protobuf.ListValue": return .object([("type", .string("array")), ("items", .object([]))])
    case "google.protobuf.Value": return .object([])
    case "google.protobuf.BoolValue": return type("boolean")
    case "google.protobuf.Int32Value", "google.protobuf.UInt32Value", "google.protobuf.Int64Value",
      "google.protobuf.UInt64Value":
      return type("integer")
    case "google.protobuf.DoubleValue", "google.protobuf.FloatValue": return type("number")
    default: return nil
    }
  }
}

extension FieldModel {
  /// The full name of the message the field holds, if it holds one of the schema's.
  var messageName: String? {
    guard case .message(let name) = type, WellKnown.swiftName(name) == nil else { return nil }
    return name
  }
}
