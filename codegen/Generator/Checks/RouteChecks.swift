/// REST routes: each can be served, and no two answer the same request.
struct RouteChecks {
  let model: SchemaModel
  let table: TypeTable

  func check() -> [Diagnostic] {
    let routes = RouteModel.all(model, table)
    return routes.flatMap(shape) + routes.flatMap(fields) + conflicts(routes)
  }

  private func conflicts(_ routes: [RouteModel]) -> [Diagnostic] {
    let groups = Dictionary(grouping: routes, by: \.conflictKey)
    return groups.values.filter { $0.count > 1 }.flatMap { group in
      let ordered = group.sorted {
        ($0.method.location.file, $0.method.location.line) < ($1.method.location.file, $1.method.location.line)
      }
      return ordered.dropFirst().map { route in
        Diagnostic(
          location: route.method.location, rule: "route-conflict",
          message:
            "\(route.binding.method) \(route.binding.template) of \(route.method.name) answers the same requests "
            + "as \(ordered[0].method.name) at \(ordered[0].method.location)")
      }
    }
  }

  private func shape(_ route: RouteModel) -> [Diagnostic] {
    let method = route.method
    let template = route.binding.template
    let fail = { (message: String) in [Diagnostic(location: method.location, rule: "route-template", message: message)]
    }
    if method.clientStreaming || method.serverStreaming {
      return [
        Diagnostic(
          location: method.location, rule: "route-unary",
          message: "\(method.name) is a stream: only unary methods can have a REST route")
      ]
    }
    guard ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(route.binding.method) else {
      return fail("\(method.name): the HTTP method '\(route.binding.method)' is not supported")
    }
    guard template.hasPrefix("/"), template.count > 1 else { return fail("'\(template)' does not begin with a slash") }
    for segment in route.segments {
      switch segment {
      case .literal(let word) where !word.allSatisfy(Self.isPathCharacter):
        return fail("'\(word)' in \(template): a segment is either plain text or one {field}")
      case .variable(let name) where !Casing.isIdentifier(name):
        return fail("'{\(name)}' in \(template): only the name of one field is supported")
      default: break
      }
    }
    return []
  }

  private static func isPathCharacter(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
  }

  private func fields(_ route: RouteModel) -> [Diagnostic] {
    let method = route.method
    guard let request = table.messages[method.input], let response = table.messages[method.output] else { return [] }
    var found: [Diagnostic] = []
    func fail(_ rule: String, _ message: String) {
      found.append(Diagnostic(location: method.location, rule: rule, message: message))
    }
    for case .variable(let name) in route.segments where Casing.isIdentifier(name) {
      guard let field = request.fields.first(where: { $0.name == name }) else {
        fail("route-field", "{\(name)} in \(route.binding.template): \(request.name) has no field '\(name)'")
        continue
      }
      if field.isRepeated || !Self.fitsPath(field.type) {
        fail(
          "route-field",
          "{\(name)} in \(route.binding.template): only a single string, integer, bool or enum can be there")
      }
    }
    let body = route.binding.body
    if !body.isEmpty, ["GET", "DELETE"].contains(route.binding.method) {
      fail("route-body", "\(method.name): a \(route.binding.method) has no body")
    }
    if !body.isEmpty, body != "*", !request.fields.contains(where: { $0.name == body }) {
      fail("route-body", "\(method.name): the body is '\(body)', but \(request.name) has no such field")
    }
    let result = route.binding.responseBody
    if !result.isEmpty, !response.fields.contains(where: { $0.name == result }) {
      fail("route-response", "\(method.name): response_body is '\(result)', but \(response.name) has no such field")
    }
    if route.binding.method == "PATCH", route.updateMaskField == nil {
      fail(
        "patch-mask",
        "\(method.name): without a google.protobuf.FieldMask in \(request.name), a PATCH cannot tell absent from empty")
    }
    return found
  }

  private static func fitsPath(_ type: FieldType) -> Bool {
    switch type {
    case .string, .int32, .int64, .uint32, .uint64, .bool, .enumeration: true
    default: false
    }
  }
}
