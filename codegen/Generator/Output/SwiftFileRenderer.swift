/// Writes the Swift files of the packages that are generated: one for the values of a package, one for each service.
struct SwiftFileRenderer {
  let model: SchemaModel
  let names: SwiftNames
  let table: TypeTable

  private var access: String { model.options.visibility.rawValue }

  func messageFiles() -> [OutputFile] {
    let packages = Dictionary(grouping: model.generated, by: \.package)
    return packages.keys.sorted().compactMap { package in
      let files = packages[package] ?? []
      var text = SourceText()
      text.line(GeneratedHeader.comment(from: files.map(\.name)))
      let hasTypes = files.contains { !$0.messages.isEmpty || !$0.enums.isEmpty }
      if hasTypes {
        text.line("\(access) import \(model.options.cModule)")
        text.line("\(access) import Protobuf")
        text.line()
      }
      let namespace = names.namespace(package)
      text.line("/// The types of the package `\(package.isEmpty ? files[0].name : package)`.")
      text.line("\(access) enum \(namespace) {}")
      let enums = files.flatMap(\.enums)
      let messages = files.flatMap(\.messages)
      let rules = RuleTable(messages, table: table)
      for entry in enums {
        text.line()
        text.block("extension \(namespace) {") { text in
          SwiftEnumRenderer(names: names, access: access).render(entry, into: &text)
        }
      }
      for message in messages {
        text.line()
        text.block("extension \(namespace) {") { text in
          SwiftMessageRenderer(names: names, table: table, access: access, rules: rules).render(message, into: &text)
        }
      }
      patterns(rules, into: &text)
      return OutputFile(name: "\(namespace).swift", content: text.text)
    }
  }

  private func patterns(_ rules: RuleTable, into text: inout SourceText) {
    guard !rules.constants.isEmpty else { return }
    text.line()
    text.line("/// The patterns of the rules, each made into a table when it is first asked.")
    text.block("private enum \(RuleTable.patterns) {") { text in
      for constant in rules.constants {
        text.code("static let \(constant.name) = TextPattern(\(SwiftLiteral.string(constant.pattern)))")
      }
    }
  }

  func serviceFiles() -> [OutputFile] {
    model.generated.flatMap { file in
      file.services.map { service in
        var text = SourceText()
        text.line(GeneratedHeader.comment(from: [file.name]))
        let external = Set(service.methods.flatMap { [$0.input, $0.output] }).contains {
          WellKnown.swiftName($0) != nil
        }
        if external { text.line("\(access) import Protobuf") }
        if !model.options.insideRPC { text.line("\(access) import RPC") }
        if external || !model.options.insideRPC { text.line() }
        SwiftServiceRenderer(names: names, access: access).render(service, into: &text)
        return OutputFile(
          name: "\(names.namespace(file.package)).\(SwiftNames.typeName(service.name)).swift", content: text.text)
      }
    }
  }
}
