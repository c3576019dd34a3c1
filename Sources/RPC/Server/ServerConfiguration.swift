public import HTTP2
internal import Protobuf

/// How a server treats its callers.
public struct ServerConfiguration: Sendable {
  /// Asked in this order before a handler runs, told in the opposite order after it.
  public var interceptors: [any ServerInterceptor] = []
  /// Most bytes of one request message; a longer one is answered RESOURCE_EXHAUSTED.
  public var maximumRequestBytes = 4 * 1024 * 1024
  /// Most bytes held in the whole server for what waits: requests that have arrived in part, messages that no handler has taken, replies
  /// that were not read, and the header fields of open calls. Beyond, the slowest calls are ended, RESOURCE_EXHAUSTED where they can still
  /// be answered. Each loop has an equal part, which has room for one request at least. Default 128 MiB; that of one connection is in
  /// `connectionLimits`.
  public var maximumHeldBytes = 128 * 1024 * 1024
  /// Most handlers that run at a time in the whole server; a call for one more is answered RESOURCE_EXHAUSTED. A handler counts until it
  /// returns, be its call over or not. Calls whose request is not complete do not count, nor do health and reflection, which are always
  /// answered; a stream of reflection has `HTTP2Limits.requestTimeout` for its next message. Default 10,000.
  public var maximumCalls = 10_000
  /// Most connections in the whole server, beside the bound that the loops' `connectionBudget` takes from the limit of open files. At either
  /// bound those that have been idle longest are closed for new ones; when none is idle, new ones are closed at once.
  public var maximumConnections = 20_000
  /// The bounds of each connection, the number of its calls among them.
  public var connectionLimits = HTTP2Limits()
  /// Names of metadata that calls made on behalf of a call pass on, see `ServerCall.outgoing`.
  public var forwardedMetadata: [MetadataKey] = ["x-request-id", "traceparent"]
  /// The files that server reflection shows; none switches reflection off.
  public var reflection: [ReflectionFile] = []
  /// Whether `grpc.health.v1` is served.
  public var servesHealth = true

  /// Bytes a streaming response may be ahead of its reader before the writer waits.
  static let streamBufferByteCount = 64 * 1024

  public init() {
    // A stream holds a window at most of what its handler has not taken.
    connectionLimits.streamWindowByteCount = 64 * 1024
  }

  /// The bounds of each connection, with room for the largest request.
  var limitsOfConnection: HTTP2Limits {
    var limits = connectionLimits
    limits.heldByteCount = max(limits.heldByteCount, maximumRequestBytes + 64 * 1024)
    return limits
  }

  var decodingLimits: DecodingLimits {
    var limits = DecodingLimits()
    limits.maximumBytes = maximumRequestBytes
    return limits
  }
}
