/// Which sides of a call send more than one message.
public enum MethodKind: Sendable, Hashable {
  case unary, clientStreaming, serverStreaming, bidirectional
}

/// What happens when a call is made again with the same request. Only what is declared may be retried or hedged.
public enum Idempotency: Sendable, Hashable {
  /// Nothing is promised: never retried.
  case unspecified
  /// Changes nothing.
  case read
  /// Repeating it leaves the same state.
  case idempotent
  /// The idempotency key makes it so: the answer is kept and given again.
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

  public init(service: String, name: String, kind: MethodKind, idempotency: Idempotency = .unspecified) {
    self.service = service
    self.name = name
    self.path = "/\(service)/\(name)"
    self.kind = kind
    self.idempotency = idempotency
  }
}
