public import HTTP2
internal import Protobuf

/// How a server treats its callers.
public struct ServerConfiguration: Sendable {
  /// Asked in this order before a handler runs, told in the opposite order after it.
  public var interceptors: [any ServerInterceptor] = []
  /// Most bytes of one request message; a longer one is answered RESOURCE_EXHAUSTED.
  public var maximumRequestBytes = 4 * 1024 * 1024
  /// Most bytes of requests that have arrived in part, in the whole server; a call that brings more is answered RESOURCE_EXHAUSTED.
  /// Requests that arrive in one piece, as nearly all do, hold nothing; each loop has room for one request at least.
  public var maximumHeldRequestBytes = 128 * 1024 * 1024
  /// Most calls that run at a time in the whole server; one more is answered RESOURCE_EXHAUSTED.
  public var maximumCalls = 10_000
  /// Most connections in the whole server; those beyond wait to be accepted.
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

  public init() {}

  var decodingLimits: DecodingLimits {
    var limits = DecodingLimits()
    limits.maximumBytes = maximumRequestBytes
    return limits
  }
}
