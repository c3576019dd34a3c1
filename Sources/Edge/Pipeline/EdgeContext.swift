internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// What all loops of an edge share and nobody changes.
struct EdgeContext: Sendable {
  let configuration: EdgeConfiguration
  let routes: RouteTable<EdgeRoute>
  /// Leads to the service that knows the sessions.
  let auth: Channel
  let tokens: JSONWebToken
  let signer: ClaimsSigner
  let origins: CrossOriginPolicy
  let metrics: EdgeMetrics
  let memories = SessionMemories()
  /// What the edge can reach.
  let health: ServicesHealth
  /// For what takes too long for a loop.
  let pool = BlockingPool(threads: 1, queueLimit: 16)

  var limits: EdgeLimits { configuration.limits }

  /// The service that knows the sessions.
  private static let sessionService = "auth"

  /// - Parameter channels: by the service that they lead to.
  /// - Throws: `EdgeError` when a route has nobody behind it or two have the same place.
  init(
    configuration: EdgeConfiguration, routes: [RestRoute], channels: [String: Channel], tokens: JSONWebToken,
    signer: ClaimsSigner, registry: MetricsRegistry
  ) throws(EdgeError) {
    self.configuration = configuration
    guard let auth = channels[Self.sessionService] else { throw .noChannel(service: Self.sessionService) }
    self.auth = auth
    health = ServicesHealth(channels, essential: Self.sessionService)
    self.tokens = tokens
    self.signer = signer
    origins = CrossOriginPolicy(origins: configuration.allowedOrigins)
    metrics = EdgeMetrics(registry: registry)
    var table = RouteTable<EdgeRoute>()
    for rest in routes {
      guard let channel = channels[rest.service] else { throw .noChannel(service: rest.service) }
      let numbers = metrics.route(rest.method, rest.template)
      let route = EdgeRoute(rest, channel: channel, numbers: numbers)
      do {
        try table.add(route.method, rest.template, route)
      } catch {
        throw .routes("\(error)")
      }
    }
    self.routes = table
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
