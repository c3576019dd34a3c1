public import Reactor

/// Sees every call of a server before and after its handler. Both run on the loop's thread and must not block; work that waits belongs
/// into handlers.
public protocol ServerInterceptor: Sendable {
  /// The interceptor as it is for one method. Asked for each method once, when the server is made, so that what depends on nothing but
  /// the method is looked up then and not in every call. The default is the interceptor itself.
  func resolved(for method: MethodDescriptor) -> any ServerInterceptor
  /// - Throws: `RPCError` to answer the call without running its handler. Interceptors further in are not asked.
  func begin(_ call: ServerCall) throws(RPCError)
  /// Called once for each call that `begin` was called for, the innermost interceptor first. The call has lasted from its `start` to `end`.
  func end(_ call: ServerCall, status: StatusCode, at end: Instant)
}

extension ServerInterceptor {
  public func resolved(for method: MethodDescriptor) -> any ServerInterceptor { self }
  public func begin(_ call: ServerCall) throws(RPCError) {}
  public func end(_ call: ServerCall, status: StatusCode, at end: Instant) {}
}
