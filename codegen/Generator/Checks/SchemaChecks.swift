/// Every rule a schema must keep before anything is generated from it.
struct SchemaChecks {
  let model: SchemaModel
  let table: TypeTable
  let names: SwiftNames

  /// The broken rules, in the order of the files and their lines.
  func all() -> [Diagnostic] {
    []
  }
}
