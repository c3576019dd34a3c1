/// The messages and enums that REST requests and replies show, and the names they go by outside Swift.
struct RestTypes {
  let table: TypeTable
  let routes: [RouteModel]
  /// By full name: the simple name, or with the namespace in front where two share it.
  private let names: [String: String]
  /// Full names of everything shown, sorted by the name they go by.
  let messages: [MessageModel]
  let enums: [EnumModel]

  init(_ model: SchemaModel, _ table: TypeTable) {
    self.table = table
    routes = RouteModel.all(model, table)
    let shown = Self.reachable(routes, table)
    let swift = SwiftNames(model)
    let simple = { (fullName: String) in fullName.split(separator: ".").last.map(String.init) ?? fullName }
    let counts = Dictionary(shown.map { (simple($0), 1) }, uniquingKeysWith: +)
    var names: [String: String] = [:]
    for fullName in shown {
      let package = table.messages[fullName]?.package ?? table.enums[fullName]?.package ?? ""
      let name = simple(fullName)
      names[fullName] = counts[name] == 1 ? name : swift.namespace(package) + name
    }
    self.names = names
    let order = { (left: String, right: String) in names[left] ?? left < names[right] ?? right }
    messages = shown.sorted(by: order).compactMap { table.messages[$0] }
    enums = shown.sorted(by: order).compactMap { table.enums[$0] }
  }

  func name(_ fullName: String) -> String { names[fullName] ?? fullName }

  /// The name of a route's operation, unlike all others: `getPlan`, `billingGetPlan` where two services have one, and a
  /// number behind it for further routes of the method.
  func operation(_ route: RouteModel) -> String {
    let name = SwiftNames.method(route.method).filter { $0 != "`" }
    let isShared = routes.contains {
      $0.method.service != route.method.service && SwiftNames.method($0.method) == SwiftNames.method(route.method)
    }
    let service = route.method.service.split(separator: ".").last.map(String.init) ?? ""
    let unique = isShared ? Casing.lowerFirst(service) + Casing.capitalized(name) : name
    return route.index == 0 ? unique : "\(unique)\(route.index + 1)"
  }

  /// The message a route's `data` is: one field's when the route says so.
  func data(of route: RouteModel) -> FieldModel? {
    table.messages[route.method.output]?.fields.first { $0.name == route.binding.responseBody }
  }

  /// The fields of a request that its path names.
  func pathFields(_ route: RouteModel) -> [FieldModel] {
    route.segments.compactMap { segment in
      guard case .variable(let name) = segment else { return nil }
      return table.messages[route.method.input]?.fields.first { $0.name == name }
    }
  }

  /// The fields that neither the path names nor the edge fills.
  func freeFields(_ route: RouteModel) -> [FieldModel] {
    let bound = Set(pathFields(route).map(\.name)).union([route.updateMaskField ?? ""])
    return (table.messages[route.method.input]?.fields ?? []).filter { !bound.contains($0.name) }
  }

  /// The fields in the query: all free ones that the body does not hold.
  func queryFields(_ route: RouteModel) -> [FieldModel] {
    switch route.binding.body {
    case "": freeFields(route)
    case "*": []
    default: freeFields(route).filter { $0.name != route.binding.body }
    }
  }

  /// The fields in the body.
  func bodyFields(_ route: RouteModel) -> [FieldModel] {
    switch route.binding.body {
    case "": []
    case "*": freeFields(route)
    default: []
    }
  }

  /// Whether a request without the field is refused.
  static func isRequired(_ field: FieldModel) -> Bool { field.rules.isRequired && field.rules.ignore != .always }

  /// Whether a reply always has the field. By the rules of `JSONEncodingOptions.rest`, absent messages, empty strings and
  /// unspecified enums are left out, all else is printed; an id is never empty, and what a reply shows has its state.
  static func isAlwaysPrinted(_ field: FieldModel) -> Bool {
    if field.isRepeated { return true }
    if field.oneof != nil { return false }
    switch field.type {
    case .message, .group: return false
    case .string: return field.name == "id"
    default: return true
    }
  }

  private static func reachable(_ routes: [RouteModel], _ table: TypeTable) -> [String] {
    var result: Set<String> = []
    var waiting = routes.flatMap { [$0.method.input, $0.method.output] }
    while let name = waiting.popLast() {
      guard WellKnown.swiftName(name) == nil, result.insert(name).inserted, let message = table.messages[name] else {
        continue
      }
      for field in message.fields {
        switch field.type {
        case .message(let inner), .enumeration(let inner): waiting.append(inner)
        default: break
        }
      }
    }
    return result.filter { table.messages[$0]?.isMapEntry != true }.sorted()
  }
}
