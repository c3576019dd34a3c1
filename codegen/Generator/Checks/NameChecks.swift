/// Names that two things would share in Swift or in C.
struct NameChecks {
  let model: SchemaModel
  let table: TypeTable

  func check() -> [Diagnostic] {
    let names = SwiftNames(model)
    var found = namespaces(names)
    for (_, files) in Dictionary(grouping: model.generated, by: \.package) { found += types(files, names) }
    for message in model.generated.flatMap(\.messages).flatMap(\.family) where !message.isMapEntry {
      found += members(message) + cMembers(message)
    }
    for entry in model.generated.flatMap(allEnums) { found += cases(entry) }
    for service in model.generated.flatMap(\.services) {
      found += duplicates(service.methods.map { (SwiftNames.method($0), $0.name, $0.location) }, "method", service.name)
    }
    return found
  }

  // MARK: Swift

  private static let moduleNames: Set<String> = ["Protobuf", "RPC", "Reactor", "Swift", "Glibc", "Foundation"]

  private func namespaces(_ names: SwiftNames) -> [Diagnostic] {
    var owner: [String: FileModel] = [:]
    return model.generated.compactMap { file in
      let name = names.namespace(file.package)
      if Self.moduleNames.contains(name) || name == model.options.cModule || !Casing.isIdentifier(name) {
        return Diagnostic(
          location: file.location, rule: "swift-namespace",
          message: "the package '\(file.package)' cannot be called \(name) in Swift: "
            + "choose another name, --namespace \(file.package)=NAME")
      }
      if let first = owner[name], first.package != file.package {
        return Diagnostic(
          location: file.location, rule: "swift-namespace",
          message: "the packages '\(first.package)' and '\(file.package)' would both be called \(name): "
            + "choose another name, --namespace \(file.package)=NAME")
      }
      owner[name] = file
      return nil
    }
  }

  private func types(_ files: [FileModel], _ names: SwiftNames) -> [Diagnostic] {
    var list: [(String, String, SourceLocation)] = []
    for file in files {
      list += file.messages.map { (SwiftNames.typeName($0.name), $0.name, $0.location) }
      list += file.enums.map { (SwiftNames.typeName($0.name), $0.name, $0.location) }
      for service in file.services {
        list += SwiftNames.serviceTypes(service).map { ($0, "service \(service.name)", service.location) }
      }
    }
    return duplicates(list, "type", names.namespace(files[0].package))
  }

  private func members(_ message: MessageModel) -> [Diagnostic] {
    let oneofs = message.oneofs.enumerated().filter { !message.isSynthetic($0.offset) }.map(\.element)
    var list = message.fields.filter { $0.oneof == nil || $0.isProto3Optional }.map {
      (SwiftNames.property($0), $0.name, $0.location)
    }
    list += oneofs.map { (SwiftNames.property($0.name), $0.name, message.location) }
    var types = message.messages.map { (SwiftNames.typeName($0.name), $0.name, $0.location) }
    types += message.enums.map { (SwiftNames.typeName($0.name), $0.name, $0.location) }
    types += oneofs.map { (SwiftNames.oneofType($0), "oneof \($0.name)", message.location) }
    types.append(("Storage", "the C struct", message.location))
    return duplicates(list, "property", message.name) + duplicates(types, "type", message.name)
  }

  private func cases(_ entry: EnumModel) -> [Diagnostic] {
    let list = zip(SwiftNames.cases(entry), entry.values).map { ($0, $1.name, $1.location) }
    let spellings = entry.values.compactMap { value in value.json.map { ($0, value.name, value.location) } }
    return duplicates(list, "case", entry.name) + duplicates(spellings, "JSON spelling", entry.name)
  }

  private func allEnums(_ file: FileModel) -> [EnumModel] {
    file.enums + file.messages.flatMap(\.family).flatMap(\.enums)
  }

  // MARK: C

  /// The members of the struct that protobuf-c makes of a message.
  private func cMembers(_ message: MessageModel) -> [Diagnostic] {
    var list: [(String, String, SourceLocation)] = [("base", "protobuf-c's own `base`", message.location)]
    for field in message.fields {
      list.append((CNames.member(field.name), field.name, field.location))
      if field.isRepeated {
        list.append((CNames.count(field.name), "the count of \(field.name)", field.location))
      }
    }
    for oneof in message.oneofs {
      list.append((oneof.name.lowercased() + "_case", "the case of \(oneof.name)", message.location))
    }
    return duplicates(list, "C member", message.name)
  }

  private func duplicates(
    _ list: [(name: String, source: String, location: SourceLocation)], _ what: String, _ scope: String
  ) -> [Diagnostic] {
    var first: [String: String] = [:]
    return list.compactMap { entry in
      guard let other = first.updateValue(entry.source, forKey: entry.name) else { return nil }
      return Diagnostic(
        location: entry.location, rule: "name-collision",
        message: "in \(scope), \(other) and \(entry.source) would share the \(what) \(entry.name): rename one")
    }
  }
}
