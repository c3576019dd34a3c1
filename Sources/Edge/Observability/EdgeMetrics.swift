internal import Reactor
internal import ServiceKit

/// What the edge counts: requests by route, method and class of status, and how long they took.
final class EdgeMetrics: Sendable {
  /// The numbers of one route.
  struct Route: Sendable {
    let latency: LatencyHistogram
    /// By class: 1xx … 5xx.
    let requests: [Counter]

    func record(status: Int, nanoseconds: Int64) {
      latency.record(nanoseconds)
      requests[min(max(status / 100, 1), 5) - 1].add()
    }
  }

  private let registry: MetricsRegistry
  /// Requests that led nowhere, or were refused before they were requests.
  let unrouted: Route

  init(registry: MetricsRegistry) {
    self.registry = registry
    unrouted = Self.register("", "", in: registry)
  }

  /// The numbers of a route; once a route.
  func route(_ method: String, _ template: String) -> Route {
    Self.register(method, template, in: registry)
  }

  private static func register(_ method: String, _ template: String, in registry: MetricsRegistry) -> Route {
    let labels = [(name: "method", value: method), (name: "route", value: template)]
    return Route(
      latency: registry.histogram(
        "cloudbill_http_request_duration_seconds", "Time from the end of a request's head to its answer.", labels),
      requests: (1...5).map { status in
        registry.counter(
          "cloudbill_http_requests_total", "Requests answered, by class of status.",
          labels + [(name: "status", value: "\(status)xx")])
      })
  }
}
