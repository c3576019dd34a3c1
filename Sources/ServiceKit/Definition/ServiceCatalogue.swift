public import Postgres
public import Schema

/// The services of a program, in the order in which their tables are made: a service comes after those whose tables it refers to.
public struct ServiceCatalogue: Sendable {
  /// The name of the process in front of the services.
  public static let edge = "edge"

  public let services: [ServiceDefinition]

  public init(_ services: [ServiceDefinition]) {
    self.services = services
  }

  public subscript(name: String) -> ServiceDefinition? { services.first { $0.name == name } }

  /// What a database needs for all of them.
  public var migrations: [Migration] { [.common] + services.flatMap(\.migrations) }

  /// What the edge serves.
  public var routes: [RestRoute] { services.flatMap(\.routes) }

  /// Why the services cannot run beside each other; empty when they can.
  public var contradictions: [String] {
    var found: [String] = []
    func unique(_ what: String, _ values: [(service: String, value: String)]) {
      var owners: [String: String] = [:]
      for (service, value) in values {
        if let other = owners.updateValue(service, forKey: value) {
          found.append("\(what) \(value) belongs to \(other) and to \(service)")
        }
      }
    }
    unique("the name", [(Self.edge, Self.edge)] + services.map { ($0.name, $0.name) })
    unique("the schema", services.map { ($0.name, $0.schema) })
    unique(
      "port",
      services.flatMap { service in
        [0, Int(ServiceDefinition.metricsPortDistance)].map { (service.name, "\(Int(service.port) + $0)") }
      })
    unique("the gRPC service", services.flatMap { service in service.protobufServices.map { (service.name, $0) } })
    unique("the migration", services.flatMap { service in service.migrations.map { (service.name, $0.name) } })
    for service in services {
      for name in service.calls where self[name] == nil || name == service.name {
        found.append("\(service.name) calls \(name), which is no other service")
      }
      for name in [service.name, service.schema] where !Self.isWord(name) {
        found.append("\(name) is not a word of lower-case letters, digits and _ that begins with a letter")
      }
    }
    return found
  }

  /// Such a word needs no quoting in SQL, in a path, in a metric label.
  private static func isWord(_ text: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = text.utf8.first, letters.contains(first), text.utf8.count <= 32 else { return false }
    return text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
  }
}
