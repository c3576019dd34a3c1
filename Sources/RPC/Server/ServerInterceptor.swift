/// Sees every call of a server before and after its handler. Both run on the loop's thread and must not block; work that waits belongs
/// into handlers.
public protocol ServerInterceptor: Sendable {
  /// - Throws: `RPCError` to answer the call without running its handler. Interceptors further in are not asked.
  func begin(_ call: ServerCall) throws(RPCError)
  /// Called once for each call that `begin` was called for, the innermost interceptor first.
  func end(_ call: ServerCall, status: StatusCode, elapsed: Duration)
}

extension ServerInterceptor {
  public func begin(_ call: ServerCall) throws(RPCError) {}
  public func end(_ call: ServerCall, status: StatusCode, elapsed: Duration) {}
}
