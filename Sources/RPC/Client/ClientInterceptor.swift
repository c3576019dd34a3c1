/// A call as the interceptors of its channel see it.
public struct OutgoingCall: Sendable {
  public let method: MethodDescriptor
  /// May be changed before the call begins, such as by adding metadata.
  public var options: CallOptions
  private var stored: [(key: ObjectIdentifier, value: any AnyObject & Sendable)] = []

  init(_ method: MethodDescriptor, _ options: CallOptions) {
    self.method = method
    self.options = options
  }

  /// What an interceptor keeps with the call, for itself at the end and for others.
  public subscript<Key: CallStorageKey>(key: Key.Type) -> Key.Value? {
    get { stored.first { $0.key == ObjectIdentifier(key) }?.value as? Key.Value }
    set {
      stored.removeAll { $0.key == ObjectIdentifier(key) }
      if let newValue { stored.append((ObjectIdentifier(key), newValue)) }
    }
  }
}

/// Sees every call of a channel, retries included as the one call they are. Runs in the caller's task.
public protocol ClientInterceptor: Sendable {
  /// May wait, such as for a token, and may change the options. The call's deadline does not run out meanwhile by itself: look at it.
  /// - Throws: `RPCError` to end the call before anything is sent. Interceptors further in are not asked.
  func begin(_ call: inout OutgoingCall) async throws(RPCError)
  /// Called once for each call that `begin` was called for, the innermost interceptor first.
  /// - Parameter elapsed: from before the first `begin` on.
  func end(_ call: OutgoingCall, status: StatusCode, elapsed: Duration)
}

extension ClientInterceptor {
  public func begin(_ call: inout OutgoingCall) async throws(RPCError) {}
  public func end(_ call: OutgoingCall, status: StatusCode, elapsed: Duration) {}
}
