/// Writes the table that the edge routes by and the table that services admit calls by.
struct RouteRenderer {
  let model: SchemaModel
  let names: SwiftNames
  let table: TypeTable

  func files() -> [OutputFile] { [routes(), policies()] }

  // MARK: RestRoutes

  private func routes() -> OutputFile {
    var text = SourceText()
    text.line(GeneratedHeader.comment(from: model.generated.filter { !$0.services.isEmpty }.map(\.name)))
    text.line("/// Every REST route, static segments before variables, so that the first match is the right one.")
    text.block("public enum RestRoutes {") { text in
      text.block("public static let all: [RestRoute] = [", closing: "]") { text in
        for route in RouteModel.all(model, table) { render(route, into: &text) }
      }
    }
    return OutputFile(name: "RestRoutes.swift", content: text.text)
  }

  private func render(_ route: RouteModel, into text: inout SourceText) {
    let method = route.method
    text.block("RestRoute(", closing: "),") { text in
      text.line("method: \"\(route.binding.method)\",")
      text.line("template: \(SwiftLiteral.string(route.binding.template)),")
      let segments = route.segments.map { segment in
        switch segment {
        case .literal(let word): ".literal(\(SwiftLiteral.string(word)))"
        case .variable(let field): ".variable(\(SwiftLiteral.string(field)))"
        }
      }
      text.list("segments: [", segments, "],")
      text.line("rpcPath: \"\(method.path)\",")
      text.line("service: \"\(route.service)\",")
      text.line("request: \(names.qualified(method.input)).schema,")
      text.line("response: \(names.qualified(method.output)).schema,")
      text.line("body: \(body(route.binding.body)),")
      text.line("responseField: \(optional(route.binding.responseBody)),")
      text.line("paginated: \(route.isPaginated),")
      text.line("updateMaskField: \(optional(route.updateMaskField ?? "")),")
      text.line("access: \(access(method.rule)),")
      text.line("tenantHeaderRequired: \(route.requiresTenantHeader),")
      text.line("idempotency: .\((method.rule?.idempotency ?? .unspecified).swiftName),")
      text.code("retry: \(retry(method.rule?.retry)),")
      text.line("successStatus: \(method.rule.map { $0.successStatus == 0 ? 200 : $0.successStatus } ?? 200),")
      text.line("successMessage: \(optional(method.rule?.successMessage ?? ""))")
    }
  }

  private func body(_ body: String) -> String {
    switch body {
    case "": ".none"
    case "*": ".whole"
    default: ".field(\(SwiftLiteral.string(body)))"
    }
  }

  private func optional(_ text: String) -> String { text.isEmpty ? "nil" : SwiftLiteral.string(text) }

  // MARK: MethodPolicies

  private func policies() -> OutputFile {
    var text = SourceText()
    text.line(GeneratedHeader.comment(from: model.generated.filter { !$0.services.isEmpty }.map(\.name)))
    text.line("/// Who may call each method, by its path. A method that is not in the table may be called by nobody.")
    text.block("public enum MethodPolicies {") { text in
      text.block("public static let all: [String: MethodPolicy] = [", closing: "]") { text in
        for file in model.generated {
          for method in file.services.flatMap(\.methods) where method.rule?.access != nil {
            text.list(
              "\"\(method.path)\": MethodPolicy(",
              [
                "access: \(access(method.rule))",
                "idempotency: .\((method.rule?.idempotency ?? .unspecified).swiftName)",
                "retry: \(retry(method.rule?.retry))",
              ] + services(method.rule), "),")
          }
        }
      }
    }
    return OutputFile(name: "MethodPolicies.swift", content: text.text)
  }

  private func services(_ rule: MethodRule?) -> [String] {
    guard let names = rule?.services, !names.isEmpty else { return [] }
    return ["services: [\(names.map { SwiftLiteral.string($0) }.joined(separator: ", "))]"]
  }

  private func access(_ rule: MethodRule?) -> String {
    switch rule?.access {
    case .open: ".open"
    case .session: ".session"
    case .permission(let name): ".permission(\(SwiftLiteral.string(name)))"
    case .service, nil: ".service"
    }
  }

  private func retry(_ rule: RetryRule?) -> String { rule?.swift(type: "RetryRule") ?? "nil" }
}
