public import RPC

/// Who may call a method.
public enum MethodAccess: Sendable, Hashable {
  /// Anyone, without signing in.
  case open
  /// Anyone who has signed in.
  case session
  /// Whoever's role grants the permission, such as `subscriptions:read`.
  case permission(String)
  /// Only our own processes, with claims they signed with their own key.
  case service
}

/// When and how often a client may ask again by itself.
public typealias RetryRule = RPC.RetryRule

/// What `cloudbill.options.v1.method` says of a method. A method without a policy may be called by nobody.
public struct MethodPolicy: Sendable, Hashable {
  public let access: MethodAccess
  public let idempotency: Idempotency
  /// `nil` means: never again by itself.
  public let retry: RetryRule?

  public init(access: MethodAccess, idempotency: Idempotency, retry: RetryRule?) {
    self.access = access
    self.idempotency = idempotency
    self.retry = retry
  }
}
