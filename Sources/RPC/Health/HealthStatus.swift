internal import Synchronization

/// What `grpc.health.v1` tells about a server and its services.
public final class HealthStatus: Sendable {
  /// Whether a service takes calls.
  public enum Status: Sendable, Hashable {
    case serving
    case notServing
  }

  private let statuses: Mutex<[String: Status]>

  init(services: [any Service]) {
    var statuses = ["": Status.serving]
    for method in services.flatMap(\.methods) { statuses[method.descriptor.service] = .serving }
    self.statuses = Mutex(statuses)
  }

  /// Sets the status of a service by its full name; the empty name is the server itself.
  public func set(_ service: String, _ status: Status) {
    statuses.withLock { $0[service] = status }
  }

  public func setAll(_ status: Status) {
    statuses.withLock { statuses in
      for service in statuses.keys { statuses[service] = status }
    }
  }

  /// Nil for a service the server does not have.
  public func status(of service: String) -> Status? {
    statuses.withLock { $0[service] }
  }
}
