/// Bounds on what one connection may send or hold. Every field says its unit; the defaults are the edge's.
public struct HTTPLimits: Sendable, Hashable {
  /// Bytes of the request line without its CR LF; more is 414. Default 8 KiB.
  public var requestLineBytes = 8 * 1024
  /// Bytes of request line and header fields together, and of a trailer section; more is 431. Default 16 KiB.
  public var headBytes = 16 * 1024
  /// Header fields in a request; more is 431. Default 64.
  public var fields = 64
  /// Bytes of a request body, after chunked decoding; more is 413. Default 1 MiB.
  public var bodyBytes = 1024 * 1024
  /// Bytes of chunk extensions in one body, all ignored; more is 400. Default 1 KiB.
  public var chunkExtensionBytes = 1024
  /// Requests of one HTTP/1.1 connection that may be waiting for their answer; further ones stay unread. Default 16.
  public var pipelinedRequests = 16
  /// Requests an HTTP/2 connection may have open at once. Default 100.
  public var concurrentStreams = 100

  public init() {}
}
