/// The Swift names of everything in a schema, and how one place refers to another.
struct SwiftNames {
  private let table: TypeTable
  private let namespaces: [String: String]
  /// By package: the simple names its types declare. A name of Swift or of our libraries in this set must be written with
  /// its module.
  private let declared: [String: Set<String>]

  init(_ model: SchemaModel) {
    table = TypeTable(model.files)
    var namespaces: [String: String] = [:]
    var declared: [String: Set<String>] = [:]
    for file in model.files where WellKnown.names[file.package] == nil {
      namespaces[file.package] =
        model.options.namespaces[file.package] ?? Self.namespace(package: file.package, file: file.name)
      for message in file.messages { Self.collect(message, into: &declared[file.package, default: []]) }
      for entry in file.enums { declared[file.package, default: []].insert(Self.typeName(entry.name)) }
      for service in file.services {
        declared[file.package, default: []].formUnion(Self.serviceTypes(service))
      }
    }
    self.namespaces = namespaces
    self.declared = declared
  }

  private static func collect(_ message: MessageModel, into names: inout Set<String>) {
    names.insert(typeName(message.name))
    for (index, oneof) in message.oneofs.enumerated() where !message.isSynthetic(index) {
      names.insert(oneofType(oneof))
    }
    for entry in message.enums { names.insert(typeName(entry.name)) }
    for nested in message.messages { collect(nested, into: &names) }
  }

  // MARK: Namespaces

  /// The last component of the package that is not a version, with the version: `cloudbill.billing.v1` → `BillingV1`. A
  /// file without a package uses its own name.
  static func namespace(package: String, file: String) -> String {
    var parts = package.split(separator: ".").map(String.init)
    if parts.isEmpty {
      let base = file.split(separator: "/").last.map(String.init) ?? file
      parts = [base.split(separator: ".").first.map(String.init) ?? base]
    }
    var result = ""
    while let part = parts.popLast() {
      result = Casing.upperCamel(part) + result
      if !isVersion(part), !reservedTypes.contains(result) { break }
    }
    return result
  }

  private static func isVersion(_ part: String) -> Bool {
    let letters = Array(part)
    return letters.count >= 2 && letters[0] == "v" && letters[1].isNumber
  }

  func namespace(_ package: String) -> String { namespaces[package] ?? "" }

  // MARK: Types

  private static let reservedTypes: Set<String> = ["Type", "Self", "Protocol", "Any"]

  /// The name a message or enum has in Swift.
  static func typeName(_ name: String) -> String {
    let upper = Casing.capitalized(name)
    return reservedTypes.contains(upper) ? upper + "Value" : upper
  }

  static func oneofType(_ oneof: OneofModel) -> String { typeName(Casing.upperCamel(oneof.name)) }

  static func serviceTypes(_ service: ServiceModel) -> [String] {
    let name = typeName(service.name)
    return ["\(serviceProtocol(service))", "\(name)Client", "\(name)Methods"]
  }

  /// `Billing` → `BillingService`; a name that already ends so stays.
  static func serviceProtocol(_ service: ServiceModel) -> String {
    let name = typeName(service.name)
    return name.hasSuffix("Service") ? name : name + "Service"
  }

  /// A message or enum as seen from inside its own or another package's namespace.
  func type(_ fullName: String, from package: String) -> String {
    if let known = WellKnown.swiftName(fullName) { return library(known, "Protobuf", in: package) }
    let (target, path) =
      table.messages[fullName].map { ($0.package, $0.path) } ?? table.enums[fullName].map { ($0.package, $0.path) }
      ?? (package, [fullName])
    let short = path.map(Self.typeName).joined(separator: ".")
    return target == package && !isShadowed(path[0], in: package) ? short : "\(namespace(target)).\(short)"
  }

  /// A message or enum with its namespace.
  func qualified(_ fullName: String) -> String { type(fullName, from: "\u{0}") }

  /// A type of Swift or of our libraries, with its module where the package declares the same name.
  func library(_ name: String, _ module: String, in package: String) -> String {
    let simple = name.split(separator: ".").first.map(String.init) ?? name
    return declared[package]?.contains(simple) == true ? "\(module).\(name)" : name
  }

  /// Whether a top-level type's name is declared once more inside some message of the package.
  private func isShadowed(_ name: String, in package: String) -> Bool {
    let swiftName = Self.typeName(name)
    return table.messages.values.contains { message in
      message.package == package
        && (message.path.count > 1 && Self.typeName(message.name) == swiftName
          || message.enums.contains { Self.typeName($0.name) == swiftName }
          || message.oneofs.enumerated().contains {
            !message.isSynthetic($0.offset) && Self.oneofType($0.element) == swiftName
          })
    }
  }

  // MARK: Members

  /// Names that members of generated types already have.
  private static let takenMembers: Set<String> = ["self", "init", "hashValue", "hash"]

  static func property(_ name: String) -> String { member(Casing.lowerCamel(name)) }

  static func property(_ field: FieldModel) -> String { property(field.name) }

  static func method(_ method: MethodModel) -> String {
    let name = Casing.lowerFirst(method.name)
    return name == "methods" || takenMembers.contains(name) ? name + "_" : escaped(name)
  }

  private static func member(_ name: String) -> String { takenMembers.contains(name) ? name + "_" : escaped(name) }

  /// The cases of an enum, by value, without the prefix that proto style gives them.
  static func cases(_ entry: EnumModel) -> [String] {
    let prefix = Casing.upperSnake(entry.name) + "_"
    let stripped = entry.values.map { value in
      value.name.hasPrefix(prefix) ? String(value.name.dropFirst(prefix.count)) : nil
    }
    let usable = stripped.allSatisfy { $0.map { Casing.isIdentifier($0) } ?? false }
    return entry.values.enumerated().map { index, value in
      let name = Casing.lowerCamel(usable ? stripped[index] ?? value.name : value.name)
      return ["self", "init", "schema", "unrecognized", "rawValue", "hashValue", "hash", "none", "some"].contains(name)
        ? name + "_" : escaped(name)
    }
  }

  /// Puts a keyword in backticks.
  static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

  private static let keywords: Set<String> = [
    "actor", "any", "as", "associatedtype", "async", "await", "borrowing", "break", "case", "catch", "class",
    "consuming",
    "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate",
    "for", "func", "guard", "if", "import", "in", "indirect", "inout", "internal", "is", "let", "nil", "nonisolated",
    "open", "operator", "package", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return",
    "self", "sending", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
    "typealias",
    "var", "where", "while",
  ]
}
