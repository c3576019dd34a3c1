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
}

extension String {
  /// `nil` for an empty text.
  var nonEmpty: String? { isEmpty ? nil : self }
}
