public import RPC

/// Who may call a method.
public enum MethodAccess: Sendable, Hashable {
  /// Anyone, without signing in.
  case open
  /// Anyone who has signed in.
  case session
  /// Whoever's role grants the permission, such as `subscriptions:read`.
  case permission(String)
  /// Only those of our own processes that the policy names, with claims they signed with their own key.
  case service
}

/// When and how often a client may ask again by itself.
public typealias RetryRule = RPC.RetryRule

/// What `cloudbill.options.v1.method` says of a method. A method without a policy may be called by nobody.
public struct MethodPolicy: Sendable, Hashable {
  public let access: MethodAccess
  /// Which of our own processes may call, beside the users that `access` lets through.
  public let services: Set<String>
  public let idempotency: Idempotency
  /// `nil` means: never again by itself.
  public let retry: RetryRule?

  public init(access: MethodAccess, idempotency: Idempotency, retry: RetryRule?, services: Set<String> = []) {
    self.access = access
    self.services = services
    self.idempotency = idempotency
    self.retry = retry
  }
}
