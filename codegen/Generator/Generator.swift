/// From descriptors to files: the one way through the generator.
public struct Generator {
  private let request: PluginRequest

  public init(_ request: PluginRequest) { self.request = request }

  /// Checks the schema and writes everything the options ask for. Throws all broken rules at once.
  public func files() throws(DiagnosticsError) -> [OutputFile] {
    let model = request.model
    let table = TypeTable(model.files)
    let names = SwiftNames(model)
    let diagnostics = SchemaChecks(model: model, table: table).all()
    guard diagnostics.isEmpty else { throw DiagnosticsError(diagnostics: diagnostics) }

    var files: [OutputFile] = []
    let swift = SwiftFileRenderer(model: model, names: names, table: table)
    let outputs = model.options.outputs
    if outputs.contains(.messages) { files += swift.messageFiles() }
    if outputs.contains(.services) { files += swift.serviceFiles() }
    if outputs.contains(.routes) { files += RouteRenderer(model: model, names: names, table: table).files() }
    if outputs.contains(.descriptors) {
      files += DescriptorRenderer(model: model, descriptors: request.descriptors).files()
    }
    if outputs.contains(.openapi) || outputs.contains(.typescript) {
      let types = RestTypes(model, table)
      if outputs.contains(.openapi) { files += OpenAPIRenderer(model: model, types: types).files() }
      if outputs.contains(.typescript) { files += TypeScriptRenderer(model: model, types: types).files() }
    }
    return files
  }
}

/// All broken rules of a schema.
public struct DiagnosticsError: Error, CustomStringConvertible {
  public let diagnostics: [Diagnostic]

  public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
