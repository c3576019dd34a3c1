public import Reactor

/// Sees every call of a server before and after its handler. Both run on the loop's thread and must not block; an interceptor that has to
/// wait is a `WaitingServerInterceptor`. What it keeps with the call (`ServerCall[_:]`) the interceptors further in and the handler see.
public protocol ServerInterceptor: Sendable {
  /// The interceptor as it is for one method. Asked for each method once, when the server is made, so that what depends on nothing but
  /// the method is looked up then and not in every call. The default is the interceptor itself.
  func resolved(for method: MethodDescriptor) -> any ServerInterceptor
  /// - Throws: `RPCError` to answer the call without running its handler. Interceptors further in are not asked.
  func begin(_ call: ServerCall) throws(RPCError)
  /// Called once for each call that `begin` was called for, the innermost interceptor first. The call has lasted from its `start` to `end`.
  func end(_ call: ServerCall, status: StatusCode, at end: Instant)
}

/// An interceptor that may wait before a handler runs, such as for an answer of another server.
public protocol WaitingServerInterceptor: ServerInterceptor {
  /// Called after `begin`, in a task on the call's loop, which is cancelled when the call ends. The request goes on arriving meanwhile, within
  /// its bounds; interceptors further in are asked and the handler starts when this has returned.
  /// - Throws: `RPCError` to answer the call without running its handler. Interceptors further in are not asked.
  func wait(for call: ServerCall) async throws(RPCError)
}

extension ServerInterceptor {
  public func resolved(for method: MethodDescriptor) -> any ServerInterceptor { self }
  public func begin(_ call: ServerCall) throws(RPCError) {}
  public func end(_ call: ServerCall, status: StatusCode, at end: Instant) {}
}
