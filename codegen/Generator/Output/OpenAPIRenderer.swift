/// Writes the OpenAPI 3.1 document of the REST interface.
struct OpenAPIRenderer {
  let model: SchemaModel
  let types: RestTypes

  func files() -> [OutputFile] {
    let json = document.written() + "\n"
    var text = SourceText()
    text.line(GeneratedHeader.comment(from: model.generated.filter { !$0.services.isEmpty }.map(\.name)))
    text.line("/// The OpenAPI document that the edge serves; the same as `openapi.json`.")
    text.block("public enum OpenAPIDocument {") { text in
      text.block("public static let json: StaticString = #\"\"\"", closing: nil) { text in
        text.line(String(json.dropLast()))
        text.line("\"\"\"#")
      }
    }
    return [
      OutputFile(name: "openapi.json", content: json), OutputFile(name: "OpenAPIDocument.swift", content: text.text),
    ]
  }

  private var document: JSONText {
    .object([
      ("openapi", .string("3.1.0")),
      ("info", .object([("title", .string(model.options.title)), ("version", .string("1"))])),
      ("paths", .object(paths)),
      (
        "components",
        .object([
          ("schemas", .object(schemas)),
          ("responses", .object([("Error", errorResponse)])),
          (
            "securitySchemes",
            .object([
              (
                "bearer",
                .object([
                  ("type", .string("http")), ("scheme", .string("bearer")), ("bearerFormat", .string("JWT")),
                ])
              )
            ])
          ),
        ])
      ),
    ])
  }

  // MARK: Operations

  private var paths: [(String, JSONText)] {
    var order: [String] = []
    var operations: [String: [(String, JSONText)]] = [:]
    for route in types.routes {
      if operations[route.binding.template] == nil { order.append(route.binding.template) }
      operations[route.binding.template, default: []].append((route.binding.method.lowercased(), operation(route)))
    }
    return order.map { ($0, .object(operations[$0] ?? [])) }
  }

  private func operation(_ route: RouteModel) -> JSONText {
    let method = route.method
    var members: [(String, JSONText)] = [
      ("operationId", .string(types.operation(route))),
      ("tags", .array([.string(route.service)])),
    ]
    if !method.comment.isEmpty { members.append(("summary", .string(flat(method.comment)))) }
    let parameters = self.parameters(route)
    if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
    if let body = requestBody(route) { members.append(("requestBody", body)) }
    members.append(("responses", responses(route)))
    let security: [JSONText] = method.rule?.access == .open ? [] : [.object([("bearer", .array([]))])]
    members.append(("security", .array(security)))
    if case .permission(let name) = method.rule?.access { members.append(("x-permission", .string(name))) }
    return .object(members)
  }

  private func parameters(_ route: RouteModel) -> [JSONText] {
    var result = types.pathFields(route).map { parameter($0, "path", required: true) }
    result += types.queryFields(route).map { parameter($0, "query", required: false) }
    if route.requiresTenantHeader { result.append(header("X-Tenant-ID", required: true, "The tenant of the token.")) }
    if route.method.rule?.idempotency == .keyed {
      result.append(
        header(
          "Idempotency-Key", required: false, "The same key and body give the same answer, without a second effect."))
    }
    return result
  }

  private func parameter(_ field: FieldModel, _ place: String, required: Bool) -> JSONText {
    var members: [(String, JSONText)] = [
      ("name", .string(place == "path" ? field.name : field.jsonName)), ("in", .string(place)),
      ("required", .bool(required)),
    ]
    if !field.comment.isEmpty { members.append(("description", .string(flat(field.comment)))) }
    members.append(("schema", schema(field)))
    return .object(members)
  }

  private func header(_ name: String, required: Bool, _ description: String) -> JSONText {
    .object([
      ("name", .string(name)), ("in", .string("header")), ("required", .bool(required)),
      ("description", .string(description)), ("schema", .object([("type", .string("string"))])),
    ])
  }

  private func requestBody(_ route: RouteModel) -> JSONText? {
    guard !route.binding.body.isEmpty else { return nil }
    let fields = types.bodyFields(route)
    let body =
      types.freeFields(route).first { $0.name == route.binding.body }.map { schema($0) }
      ?? object(fields, isReply: false)
    return .object([
      ("required", .bool(!fields.isEmpty || route.binding.body != "*")), ("content", content(body)),
    ])
  }

  private func responses(_ route: RouteModel) -> JSONText {
    let status = route.method.rule.map { $0.successStatus == 0 ? 200 : $0.successStatus } ?? 200
    var success: [(String, JSONText)] = [
      ("description", .string(route.method.rule?.successMessage.nonEmpty ?? "Success"))
    ]
    if status != 204 { success.append(("content", content(envelope(route)))) }
    return .object([
      (String(status), .object(success)),
      ("default", .object([("$ref", .string("#/components/responses/Error"))])),
    ])
  }

  private func envelope(_ route: RouteModel) -> JSONText {
    let data = types.data(of: route).map { schema($0) } ?? reference(route.method.output)
    var properties: [(String, JSONText)] = [("success", .object([("const", .bool(true))])), ("data", data)]
    var required = ["success", "data", "timestamp"]
    if route.isPaginated {
      properties.append(("pagination", reference("cloudbill.common.v1.Pagination")))
      required.append("pagination")
    }
    properties.append(("message", .object([("type", .string("string"))])))
    properties.append(("timestamp", Self.dateTime))
    return .object([
      ("type", .string("object")), ("properties", .object(properties)),
      ("required", .array(required.map(JSONText.string))),
    ])
  }

  private func content(_ schema: JSONText) -> JSONText {
    .object([("application/json", .object([("schema", schema)]))])
  }

  private var errorResponse: JSONText {
    let text: JSONText = .object([("type", .string("string"))])
    let error: JSONText = .object([
      ("type", .string("object")),
      ("properties", .object([("code", text), ("message", text), ("field", text), ("details", .object([]))])),
      ("required", .array([.string("code"), .string("message")])),
    ])
    return .object([
      ("description", .string("The request failed; `error.code` says why.")),
      (
        "content",
        content(
          .object([
            ("type", .string("object")),
            (
              "properties",
              .object([
                ("success", .object([("const", .bool(false))])), ("error", error), ("timestamp", Self.dateTime),
                ("requestId", text),
              ])
            ),
            ("required", .array([.string("success"), .string("error"), .string("timestamp")])),
          ]))
      ),
    ])
  }

  // MARK: Schemas

  private var schemas: [(String, JSONText)] {
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

  private func object(_ fields: [FieldModel], isReply: Bool) -> JSONText {
    var members: [(String, JSONText)] = [
      ("type", .string("object")),
      ("properties", .object(fields.map { ($0.jsonName, described(schema($0), $0.comment)) })),
    ]
    let required = fields.filter(RestTypes.isAlwaysPrinted).map { JSONText.string($0.jsonName) }
    if isReply, !required.isEmpty { members.append(("required", .array(required))) }
    if !isReply { members.append(("additionalProperties", .bool(false))) }
    return .object(members)
  }

  private func described(_ schema: JSONText, _ comment: String) -> JSONText {
    guard !comment.isEmpty, case .object(let members) = schema else { return schema }
    return .object(members + [("description", .string(flat(comment)))])
  }

  /// A comment's lines as one.
  private func flat(_ comment: String) -> String { comment.split(separator: "\n").joined(separator: " ") }

  private static let dateTime: JSONText = .object([("type", .string("string")), ("format", .string("date-time"))])

  private func reference(_ fullName: String) -> JSONText {
    .object([("$ref", .string("#/components/schemas/\(types.name(fullName))"))])
  }

  private func schema(_ field: FieldModel) -> JSONText {
    if let entry = types.table.mapEntry(field), let value = entry.fields.last {
      return .object([("type", .string("object")), ("additionalProperties", element(value))])
    }
    return field.isRepeated
      ? .object([("type", .string("array")), ("items", element(field))]) : element(field)
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
    case .uint32: return type("integer", nil)
    case .int64, .uint64: return type("string", "int64")
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
      "google.protobuf.BytesValue", "google.protobuf.Int64Value", "google.protobuf.UInt64Value":
      return type("string")
    case "google.protobuf.Struct", "google.protobuf.Empty", "google.protobuf.Any": return type("object")
    case "google.protobuf.ListValue": return .object([("type", .string("array")), ("items", .object([]))])
    case "google.protobuf.Value": return .object([])
    case "google.protobuf.BoolValue": return type("boolean")
    case "google.protobuf.Int32Value", "google.protobuf.UInt32Value": return type("integer")
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

extension String {
  /// `nil` for an empty text.
  var nonEmpty: String? { isEmpty ? nil : self }
}
