/// One route to a method, as `google.api.http` says it.
public struct HTTPBinding: Hashable, Sendable {
  /// `GET`, `POST`, …
  public var method: String
  /// The path as written, such as `/api/billing/subscriptions/{id}`.
  public var template: String
  /// `*`, a field, or empty.
  public var body: String
  /// The response field that is the body, or empty.
  public var responseBody: String
}

/// Who may call a method.
public enum MethodAccess: Hashable, Sendable {
  case open
  case session
  case permission(String)
  case service
}

/// What happens when a call is repeated.
public enum MethodIdempotency: Int32, Hashable, Sendable {
  case unspecified = 0
  case read = 1
  case idempotent = 2
  case keyed = 3
}

/// When a client asks again by itself; times in nanoseconds.
public struct RetryRule: Hashable, Sendable {
  public var maximumAttempts: Int
  public var initialBackoff: Int64
  public var maximumBackoff: Int64
  public var hedgingDelay: Int64?
}

/// The options of `cloudbill.options.v1.method`.
public struct MethodRule: Hashable, Sendable {
  public var access: MethodAccess?
  /// Our own processes that may call.
  public var services: [String] = []
  public var idempotency: MethodIdempotency
  public var retry: RetryRule?
  /// The time a call has whose caller names no deadline, in nanoseconds.
  public var timeout: Int64?
  public var successStatus: Int
  public var successMessage: String
  /// Whether replies tell the version of the one object they show, and changes take the version they are meant for.
  public var isVersioned = false
}
