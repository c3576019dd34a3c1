/// One REST route: a binding of a method, taken apart.
struct RouteModel {
  enum Segment: Hashable {
    case literal(String)
    case variable(String)
  }

  var binding: HTTPBinding
  /// Which of the method's bindings it is: 0 is the one clients use.
  var index: Int
  var method: MethodModel
  var package: String
  var segments: [Segment]
  /// The field of the request that is a `google.protobuf.FieldMask`, for a PATCH.
  var updateMaskField: String?
  /// Whether the reply has a `cloudbill.common.v1.Pagination` called `pagination`.
  var isPaginated: Bool

  /// The process that serves the method: the package's last component that is no version.
  var service: String {
    let parts = package.split(separator: ".").map(String.init)
    let isVersion = { (part: String) in part.first == "v" && part.dropFirst().first?.isNumber == true }
    return parts.last { !isVersion($0) } ?? package
  }

  /// Only a caller without a session may leave the tenant out.
  var requiresTenantHeader: Bool { method.rule?.access != .open }

  /// All routes of the generated files: literal segments first, then by template and method.
  static func all(_ model: SchemaModel, _ table: TypeTable) -> [RouteModel] {
    let routes = model.generated.flatMap { file in
      file.services.flatMap(\.methods).flatMap { method in
        method.bindings.enumerated().map { make($1, index: $0, method, package: file.package, table) }
      }
    }
    return routes.sorted { ($0.sortKey, $0.binding.method) < ($1.sortKey, $1.binding.method) }
  }

  private static func make(
    _ binding: HTTPBinding, index: Int, _ method: MethodModel, package: String, _ table: TypeTable
  ) -> RouteModel {
    let mask = table.messages[method.input]?.fields.first { $0.type == .message("google.protobuf.FieldMask") }
    let paginated = table.messages[method.output]?.fields.contains { field in
      field.name == "pagination" && field.type == .message("cloudbill.common.v1.Pagination")
    }
    return RouteModel(
      binding: binding, index: index, method: method, package: package, segments: segments(binding.template),
      updateMaskField: binding.method == "PATCH" ? mask?.name : nil, isPaginated: paginated ?? false)
  }

  /// Takes a template apart: `/api/plans/{id}` → literal `api`, literal `plans`, variable `id`.
  static func segments(_ template: String) -> [Segment] {
    template.split(separator: "/").map { part in
      part.hasPrefix("{") && part.hasSuffix("}")
        ? .variable(String(part.dropFirst().dropLast())) : .literal(String(part))
    }
  }

  /// Sorts `/a/stats` before `/a/{id}`.
  private var sortKey: String {
    segments.map { segment in
      switch segment {
      case .literal(let word): "/0" + word
      case .variable: "/1"
      }
    }.joined()
  }

  /// Two routes with the same key answer the same requests.
  var conflictKey: String {
    let path = segments.map { segment in
      switch segment {
      case .literal(let word): word
      case .variable: "{}"
      }
    }
    return binding.method + " /" + path.joined(separator: "/")
  }
}
