/// Every rule a schema must keep before anything is generated from it.
struct SchemaChecks {
  let model: SchemaModel
  let table: TypeTable

  /// The broken rules, in the order of files and lines.
  func all() -> [Diagnostic] {
    var found: [Diagnostic] = []
    for file in model.generated {
      found += FeatureChecks(table: table).check(file)
      found += RuleChecks(table: table).check(file)
      found += AmountChecks(table: table, isStrict: isOurs(file)).check(file)
      found += MethodChecks(table: table, mustDeclareAccess: isOurs(file)).check(file)
    }
    if model.options.makesRoutes { found += RouteChecks(model: model, table: table).check() }
    found += NameChecks(model: model, table: table).check()
    return found.sorted {
      ($0.location.file, $0.location.line, $0.description) < ($1.location.file, $1.location.line, $1.description)
    }
  }

  /// Whether a file speaks our options, or becomes part of the REST interface: then it must use them throughout. A
  /// stranger's file may carry google.api.http for somebody else.
  private func isOurs(_ file: FileModel) -> Bool {
    file.imports.contains("cloudbill/options/v1/options.proto")
      || model.options.makesRoutes && file.services.contains { $0.methods.contains { !$0.bindings.isEmpty } }
  }
}

extension GeneratorOptions {
  /// Whether the routes of the schema are used at all.
  var makesRoutes: Bool { !outputs.isDisjoint(with: [.routes, .openapi, .typescript]) }
}

extension MessageModel {
  /// The message and all messages inside it.
  var family: [MessageModel] { [self] + messages.flatMap(\.family) }
}
