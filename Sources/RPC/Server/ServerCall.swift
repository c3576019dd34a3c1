public import Reactor
internal import Synchronization

/// A key under which interceptors and handlers keep a value with a call. Values are objects, so that keeping one copies and allocates nothing.
public protocol CallStorageKey {
  associatedtype Value: AnyObject & Sendable
}

/// One call as its handler and the interceptors see it.
public final class ServerCall: Sendable {
  private let method: ServedMethod
  /// What the caller sent beside the request.
  public let metadata: Metadata
  /// When the caller stops waiting; `.never` when it did not say.
  public let deadline: Deadline
  public let peer: SocketAddress
  /// When the request's head arrived.
  public let start: Instant

  private let state = Mutex(State())

  private struct State {
    var initial: Metadata?
    var trailing: Metadata?
    /// The first value kept, as there is mostly one, and the others.
    var first: Stored?
    var others: [Stored] = []
    var isCancelled = false
  }

  private struct Stored {
    let key: ObjectIdentifier
    let value: any AnyObject & Sendable
  }

  init(_ method: ServedMethod, metadata: Metadata, deadline: Deadline, peer: SocketAddress, start: Instant) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
    self.start = start
  }

  public var descriptor: MethodDescriptor { method.descriptor }

  /// Whether nobody waits for the answer any more: the caller cancelled, went away, or the deadline has passed. The task of the
  /// handler is cancelled at the same time.
  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func cancel() { state.withLock { $0.isCancelled = true } }

  /// Sent before the first message of the response; ignored afterwards.
  public var responseMetadata: Metadata {
    get { state.withLock { $0.initial ?? Metadata() } }
    set { state.withLock { $0.initial = newValue } }
  }

  /// Sent behind the response, with the status.
  public var trailingMetadata: Metadata {
    get { state.withLock { $0.trailing ?? Metadata() } }
    set { state.withLock { $0.trailing = newValue } }
  }

  var initialMetadata: Metadata? { state.withLock { $0.initial } }
  var finalMetadata: Metadata? { state.withLock { $0.trailing } }

  /// What an interceptor or handler keeps with the call.
  @inlinable
  public subscript<Key: CallStorageKey>(key: Key.Type) -> Key.Value? {
    get {
      // The setter alone stores under this key, and nothing but a `Key.Value`.
      value(of: ObjectIdentifier(key)).map { unsafeDowncast($0, to: Key.Value.self) }
    }
    set { keep(newValue, ObjectIdentifier(key)) }
  }

  // Not generic, so that callers in other modules pay no more than those in here.
  @usableFromInline
  func value(of key: ObjectIdentifier) -> (any AnyObject & Sendable)? {
    state.withLock { state in
      if let first = state.first, first.key == key { return first.value }
      return state.others.first { $0.key == key }?.value
    }
  }

  @usableFromInline
  func keep(_ value: (any AnyObject & Sendable)?, _ key: ObjectIdentifier) {
    let stored = value.map { Stored(key: key, value: $0) }
    state.withLock { state in
      if state.first == nil && state.others.isEmpty || state.first?.key == key {
        state.first = stored
      } else {
        state.others.removeAll { $0.key == key }
        if let stored { state.others.append(stored) }
      }
    }
  }

  /// Options for a call made on behalf of this one: its deadline and the metadata that is passed on go along.
  public func outgoing() -> CallOptions {
    var options = CallOptions(deadline: deadline)
    for key in method.forwarded { options.metadata.appendWireValue(of: key, from: metadata) }
    return options
  }
}
