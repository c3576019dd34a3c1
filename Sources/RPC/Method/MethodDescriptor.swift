/// Which sides of a call send more than one message.
public enum MethodKind: Sendable, Hashable {
  case unary, clientStreaming, serverStreaming, bidirectional

  var streamsRequests: Bool { self == .clientStreaming || self == .bidirectional }
}

/// What happens when a call is made again with the same request. Only what is declared may be retried or hedged.
public enum Idempotency: Sendable, Hashable {
  /// Nothing is promised: never retried.
  case unspecified
  /// Changes nothing.
  case read
  /// Repeating it leaves the same state.
  case idempotent
  /// The idempotency key makes it so: the answer is kept and given again. A call without one (`MetadataKey.idempotencyKey`) is not repeated.
  case keyed
}

/// One method of a service, as the schema declares it.
public struct MethodDescriptor: Sendable, Hashable {
  /// The full name of the service: `cloudbill.billing.v1.Billing`.
  public let service: String
  /// The name of the method: `GetSubscription`.
  public let name: String
  /// The HTTP/2 `:path`: `/cloudbill.billing.v1.Billing/GetSubscription`.
  public let path: String
  public let kind: MethodKind
  public let idempotency: Idempotency
  /// How often a client asks again by itself when the server cannot be reached. Nil: never.
  public let retry: RetryRule?
  /// The time a call has whose caller names no deadline. Nil: as long as it takes.
  public let timeout: Duration?

  /// A rule to retry what is not declared safe to repeat is a programmer's error.
  public init(
    service: String, name: String, kind: MethodKind, idempotency: Idempotency = .unspecified, retry: RetryRule? = nil,
    timeout: Duration? = nil
  ) {
    precondition(retry == nil || idempotency != .unspecified, "\(service)/\(name) is retried, but not safe to repeat")
    self.service = service
    self.name = name
    self.path = "/\(service)/\(name)"
    self.kind = kind
    self.idempotency = idempotency
    self.retry = retry
    self.timeout = timeout
  }

  /// The method behind a `:path`, as tools have it that know no schema.
  /// - Parameter path: `/cloudbill.billing.v1.Billing/GetSubscription`.
  public init(
    path: String, kind: MethodKind = .unary, idempotency: Idempotency = .unspecified, retry: RetryRule? = nil,
    timeout: Duration? = nil
  ) {
    precondition(retry == nil || idempotency != .unspecified, "\(path) is retried, but not safe to repeat")
    let parts = path.utf8.drop { $0 == 0x2f }
    let end = parts.firstIndex(of: 0x2f) ?? parts.endIndex
    service = String(parts[..<end]) ?? ""
    name = String(parts[end...].dropFirst()) ?? ""
    self.path = path
    self.kind = kind
    self.idempotency = idempotency
    self.retry = retry
    self.timeout = timeout
  }
}
