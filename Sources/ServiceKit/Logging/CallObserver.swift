public import RPC
public import Reactor

/// Logs one line and counts each call of a server: method, outcome and time. No personal data, no metadata but the request's id.
public final class CallObserver: ServerInterceptor {
  private let service: String
  private let clock: WallClock
  private let lanes: [LoopBound<LogLane>]
  private let measures: [String: CallMeasures]
  private let others: CallMeasures

  /// - Parameters:
  ///   - output: `nil` writes no line.
  ///   - paths: methods that have series of their own; the rest share one, so that a stranger cannot make series without end.
  public init(
    service: String, group: EventLoopGroup, registry: MetricsRegistry, paths: [String], output: LogOutput?,
    clock: WallClock = .system
  ) {
    self.service = service
    self.clock = clock
    lanes =
      output.map { output in
        group.loops.map { LoopBound(LogLane(output: output, loop: $0), loop: $0) }
      } ?? []
    measures = Dictionary(
      paths.map { ($0, CallMeasures(registry: registry, path: $0)) }, uniquingKeysWith: { first, _ in first })
    others = CallMeasures(registry: registry, path: "other")
  }

  public func resolved(for method: MethodDescriptor) -> any ServerInterceptor {
    MethodObserver(self, measures[method.path] ?? others)
  }

  /// For who asks without `resolved`: the same, looked up anew.
  public func end(_ call: ServerCall, status: StatusCode, at end: Instant) {
    resolved(for: call.descriptor).end(call, status: status, at: end)
  }

  fileprivate func log(_ call: ServerCall, _ status: StatusCode, _ nanoseconds: Int64) {
    guard let lane = lanes.first(where: { $0.loop.isCurrent }) else { return }
    var line = LogLine(time: clock.now, level: Self.level(of: status))
    line.add("service", service)
    line.add("message", "call")
    line.add("request_id", call.requestID)
    line.add("method", call.descriptor.path)
    line.add("status", status.name)
    line.add("duration_us", nanoseconds / 1000)
    if let claims = call.optionalClaims {
      line.add("tenant", (try? call.tenant.description) ?? claims.tenantText)
      line.add("user", claims.subjectText)
    }
    if let diagnosis = call.diagnosis { line.add("error", diagnosis) }
    lane.value.append(line.finished())
  }

  private static func level(of status: StatusCode) -> StaticString {
    switch status {
    case .unknown, .internal, .dataLoss: "error"
    case .unavailable, .deadlineExceeded, .resourceExhausted: "warning"
    default: "info"
    }
  }
}

/// Observes the calls of one method.
private final class MethodObserver: ServerInterceptor {
  private let observer: CallObserver
  private let measures: CallMeasures

  init(_ observer: CallObserver, _ measures: CallMeasures) {
    self.observer = observer
    self.measures = measures
  }

  func end(_ call: ServerCall, status: StatusCode, at end: Instant) {
    let nanoseconds = end.nanoseconds - call.start.nanoseconds
    measures.record(status, nanoseconds)
    observer.log(call, status, nanoseconds)
  }
}

/// What is counted of one method.
private final class CallMeasures: Sendable {
  private let outcomes: [Counter]
  private let latency: LatencyHistogram

  init(registry: MetricsRegistry, path: String) {
    outcomes = StatusCode.allCases.map { status in
      registry.counter(
        "cloudbill_rpc_server_calls_total", "Calls that have ended.", [("method", path), ("status", status.name)])
    }
    latency = registry.histogram(
      "cloudbill_rpc_server_call_duration_seconds", "Time from a call's head to its end.", [("method", path)])
  }

  func record(_ status: StatusCode, _ nanoseconds: Int64) {
    outcomes[status.rawValue].add()
    latency.record(nanoseconds)
  }
}
