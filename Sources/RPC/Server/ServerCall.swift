public import Reactor
internal import Synchronization

/// A key under which interceptors and handlers keep a value with a call.
public protocol CallStorageKey {
  associatedtype Value: Sendable
}

/// One call as its handler and the interceptors see it.
public final class ServerCall: Sendable {
  public let descriptor: MethodDescriptor
  /// What the caller sent beside the request.
  public let metadata: Metadata
  /// When the caller stops waiting; `.never` when it did not say.
  public let deadline: Deadline
  public let peer: SocketAddress
  /// When the request's head arrived.
  public let start: Instant
  /// Names that calls made on behalf of this one pass on.
  let forwarded: [MetadataKey]

  private let state = Mutex(State())

  private struct State {
    var initial: Metadata?
    var trailing: Metadata?
    var storage: [(key: ObjectIdentifier, value: any Sendable)] = []
    var isCancelled = false
  }

  init(
    descriptor: MethodDescriptor, metadata: Metadata, deadline: Deadline, peer: SocketAddress, start: Instant,
    forwarded: [MetadataKey]
  ) {
    self.descriptor = descriptor
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
    self.start = start
    self.forwarded = forwarded
  }

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
  public subscript<Key: CallStorageKey>(key: Key.Type) -> Key.Value? {
    get {
      state.withLock { state in
        state.storage.first { $0.key == ObjectIdentifier(key) }?.value as? Key.Value
      }
    }
    set {
      state.withLock { state in
        state.storage.removeAll { $0.key == ObjectIdentifier(key) }
        if let newValue { state.storage.append((ObjectIdentifier(key), newValue)) }
      }
    }
  }

  /// Options for a call made on behalf of this one: its deadline and the metadata that is passed on go along.
  public func outgoing() -> CallOptions {
    var options = CallOptions(deadline: deadline)
    for key in forwarded { options.metadata.appendWireValue(of: key, from: metadata) }
    return options
  }
}
