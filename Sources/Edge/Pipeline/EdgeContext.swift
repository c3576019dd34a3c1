internal import RPC
internal import Schema
internal import ServiceKit

/// What all loops of an edge share and nobody changes.
struct EdgeContext: Sendable {
  let configuration: EdgeConfiguration
  let routes: [RestRoute]
  /// Leads to places in `routes`.
  let table: RouteTable<Int>
  /// By the service that serves them.
  let channels: [String: Channel]
  /// Leads to the service that knows the sessions.
  let auth: Channel
  let tokens: JSONWebToken
  let signer: ClaimsSigner
  let policy: CrossOriginPolicy
  let metrics: EdgeMetrics
  let memories = CallerMemories()

  /// - Throws: `EdgeError` when a route has nobody behind it or two have the same place.
  init(
    configuration: EdgeConfiguration, routes: [RestRoute], channels: [String: Channel], tokens: JSONWebToken,
    signer: ClaimsSigner, registry: MetricsRegistry
  ) throws(EdgeError) {
    self.configuration = configuration
    self.routes = routes
    self.channels = channels
    guard let auth = channels["auth"] else { throw .noChannel(service: "auth") }
    self.auth = auth
    self.tokens = tokens
    self.signer = signer
    policy = CrossOriginPolicy(origins: configuration.allowedOrigins)
    metrics = EdgeMetrics(registry: registry, routes: routes)
    var table = RouteTable<Int>()
    for (index, route) in routes.enumerated() {
      guard channels[route.service] != nil else { throw .noChannel(service: route.service) }
      do {
        try table.add(HTTPMethod(name: route.method), route.template, index)
      } catch {
        throw .routes("\(error)")
      }
    }
    self.table = table
  }
}

/// Why an edge cannot start.
public enum EdgeError: Error, Sendable, Hashable, CustomStringConvertible {
  case noChannel(service: String)
  case routes(String)

  public var description: String {
    switch self {
    case .noChannel(let service): "the address of the service \(service) is missing"
    case .routes(let problem): "the routes cannot be served: \(problem)"
    }
  }
}
