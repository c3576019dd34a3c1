internal import RPC
internal import Reactor
internal import Synchronization

/// What the edge can reach: each service's `grpc.health.v1`, asked again and again. A service whose database is away says that it does not
/// serve.
final class ServicesHealth: Sendable {
  enum Status: String, Sendable {
    /// Every service serves.
    case healthy
    /// Some do not.
    case degraded
    /// None does, or the one that every request needs does not.
    case unhealthy
  }

  private let services: [(name: String, channel: Channel)]
  private let essential: String
  private let serving: Mutex<Set<String>>

  /// - Parameters:
  ///   - channels: lead to the services, by their names.
  ///   - essential: the service without which no request can be answered.
  init(_ channels: [String: Channel], essential: String) {
    services = channels.map { ($0.key, $0.value) }.sorted { $0.name < $1.name }
    self.essential = essential
    serving = Mutex([])
  }

  private static let check = MethodDescriptor(
    service: "grpc.health.v1.Health", name: "Check", kind: .unary, idempotency: .read)

  /// Asks every service once.
  func ask(timeout: Duration) async {
    let answers = await withTaskGroup(of: String?.self) { group in
      for service in services {
        group.addTask { await Self.isServing(service.channel, within: timeout) ? service.name : nil }
      }
      return await group.reduce(into: Set<String>()) { names, name in
        if let name { names.insert(name) }
      }
    }
    serving.withLock { $0 = answers }
  }

  /// Asks again and again until the task is cancelled; ten times as often while something is away, so that its return is soon known.
  func watch(every interval: Duration, timeout: Duration) async {
    while !Task.isCancelled {
      await ask(timeout: timeout)
      try? await Task.sleep(for: report.status == .healthy ? interval : interval / 10)
    }
  }

  private static func isServing(_ channel: Channel, within timeout: Duration) async -> Bool {
    do throws(RPCError) {
      let reply: HealthV1.HealthCheckResponse = try await channel.unary(
        check, HealthV1.HealthCheckRequest(), options: CallOptions(deadline: .after(timeout)))
      return reply.status == .serving
    } catch {
      return false
    }
  }

  /// How things stood when they were last asked.
  var report: (status: Status, services: [(name: String, isServing: Bool)]) {
    let serving = serving.withLock { $0 }
    let status: Status =
      if serving.count == services.count {
        .healthy
      } else if serving.contains(essential) {
        .degraded
      } else {
        .unhealthy
      }
    return (status, services.map { ($0.name, serving.contains($0.name)) })
  }
}
