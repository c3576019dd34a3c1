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
      (
        "servers",
        .array([.object([("url", .string("/")), ("description", .string("Where this document was fetched from."))])])
      ),
      ("paths", .object(paths)),
      (
        "components",
        .object([
          ("schemas", .object(schemas)),
          (
            "responses", .object([("Error", errorResponse("The request failed; `error.code` says why."))] + namedErrors)
          ),
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
    result += types.queryFields(route).map { parameter($0, "query", required: RestTypes.isRequired($0)) }
    if route.requiresTenantHeader { result.append(header("X-Tenant-ID", required: true, "The tenant of the token.")) }
    if route.method.rule?.idempotency == .keyed {
      result.append(
        header(
          "Idempotency-Key", required: false, "The same key and body give the same answer, without a second effect."))
    }
    if takesVersion(route) {
      result.append(
        header(
          "If-Match", required: false,
          "The `ETag` that the object was read with: a change since then refuses this one with 412."))
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
    if route.method.rule?.isVersioned == true {
      let tag: JSONText = .object([
        ("description", .string("The version of the object, for `If-Match`.")),
        ("schema", .object([("type", .string("string"))])),
      ])
      success.append(("headers", .object([("ETag", tag)])))
    }
    if status != 204 { success.append(("content", content(envelope(route)))) }
    let reference = { (name: String) in JSONText.object([("$ref", .string("#/components/responses/\(name)"))]) }
    return .object(
      [(String(status), .object(success))]
        + ErrorStatus.all.filter { applies($0.status, to: route) }.map { (String($0.status), reference($0.name)) }
        + [("default", reference("Error"))])
  }

  /// Whether the method changes an object in the version that `If-Match` names.
  private func takesVersion(_ route: RouteModel) -> Bool {
    route.method.rule?.isVersioned == true && route.method.rule?.idempotency != .read
      && !types.pathFields(route).isEmpty
  }

  /// Whether a request of this route can be answered with the status.
  private func applies(_ status: Int, to route: RouteModel) -> Bool {
    let hasBody = !route.binding.body.isEmpty
    let isKeyed = route.method.rule?.idempotency == .keyed
    return switch status {
    case 401, 403: route.method.rule?.access != .open || status == 401
    case 404: !types.pathFields(route).isEmpty
    case 409: isKeyed
    case 412: takesVersion(route)
    case 413, 415: hasBody
    case 422: isKeyed
    default: true
    }
  }

  private var namedErrors: [(String, JSONText)] {
    let used = ErrorStatus.all.filter { status in types.routes.contains { applies(status.status, to: $0) } }
    return used.map { status in
      let codes = status.codes.map { "`\($0)`" }.joined(separator: ", ")
      return (
        status.name, errorResponse("\(status.meaning) `error.code` is \(codes).", retryAfter: status.tellsWhen)
      )
    }
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

  private func errorResponse(_ description: String, retryAfter: Bool = false) -> JSONText {
    let text: JSONText = .object([("type", .string("string"))])
    let error: JSONText = .object([
      ("type", .string("object")),
      ("properties", .object([("code", text), ("message", text), ("field", text), ("details", Self.details)])),
      ("required", .array([.string("code"), .string("message")])),
    ])
    let header: JSONText = .object([
      ("description", .string("Whole seconds after which asking again may help.")),
      ("schema", .object([("type", .string("integer")), ("minimum", .integer(0))])),
    ])
    return .object(
      [
        ("description", .string(description))
      ] + (retryAfter ? [("headers", .object([("Retry-After", header)]))] : []) + [
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
        )
      ])
  }

  /// Every rule that a request breaks.
  private static let details: JSONText = .object([
    ("type", .string("array")),
    (
      "items",
      .object([
        ("type", .string("object")),
        (
          "properties",
          .object(["field", "message", "rule"].map { ($0, JSONText.object([("type", .string("string"))])) })
        ),
        ("required", .array([.string("field"), .string("message")])),
      ])
    ),
  ])
}

/// The failures that a route can be answered with.
private struct ErrorStatus {
  let status: Int
  let name: String
  let meaning: String
  let codes: [String]
  /// Whether the answer says when to ask again.
  var tellsWhen = false

  static let all = [
    ErrorStatus(status: 400, name: "BadRequest", meaning: "The request is not valid.", codes: ["VALIDATION_ERROR"]),
    ErrorStatus(
      status: 401, name: "Unauthorized", meaning: "Nobody has signed in, or not with success.",
      codes: ["UNAUTHORIZED", "INVALID_CREDENTIALS"]),
    ErrorStatus(
      status: 403, name: "Forbidden", meaning: "The caller may not do this.",
      codes: ["FORBIDDEN", "TENANT_ACCESS_DENIED", "ACCOUNT_SUSPENDED"]),
    ErrorStatus(
      status: 404, name: "NotFound", meaning: "There is no such object in the tenant.", codes: ["NOT_FOUND"]),
    ErrorStatus(
      status: 409, name: "Conflict", meaning: "What is asked for does not fit how things stand.",
      codes: ["CONFLICT", "ALREADY_EXISTS"]),
    ErrorStatus(
      status: 412, name: "PreconditionFailed", meaning: "The object has changed since it was read.",
      codes: ["VERSION_MISMATCH"]),
    ErrorStatus(
      status: 413, name: "PayloadTooLarge", meaning: "The body is too large.", codes: ["PAYLOAD_TOO_LARGE"]),
    ErrorStatus(
      status: 415, name: "UnsupportedMediaType", meaning: "The body is no JSON.", codes: ["UNSUPPORTED_MEDIA_TYPE"]),
    ErrorStatus(
      status: 422, name: "KeyReused", meaning: "The key was used for another request.",
      codes: ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_MISMATCH"]),
    ErrorStatus(
      status: 429, name: "TooManyRequests", meaning: "The caller's limit is reached.", codes: ["RATE_LIMIT_EXCEEDED"],
      tellsWhen: true),
    ErrorStatus(
      status: 500, name: "InternalError", meaning: "Our fault; the log has more under the request's id.",
      codes: ["INTERNAL_SERVER_ERROR"]),
    ErrorStatus(
      status: 503, name: "Unavailable", meaning: "Something is away; nothing was done.", codes: ["SERVICE_UNAVAILABLE"],
      tellsWhen: true),
    ErrorStatus(
      status: 504, name: "Timeout", meaning: "It took too long; whether it was done is not known.",
      codes: ["GATEWAY_TIMEOUT"]),
  ]
}

extension String {
  /// `nil` for an empty text.
  var nonEmpty: String? { isEmpty ? nil : self }
}
