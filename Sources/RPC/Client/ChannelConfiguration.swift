public import HTTP2

/// How a channel reaches its server.
public struct ChannelConfiguration: Sendable {
  /// Asked in this order, told in the opposite order.
  public var interceptors: [any ClientInterceptor] = []
  /// Time for one attempt to connect.
  public var connectTimeout: Duration = .seconds(5)
  /// Wait after a failed attempt; it doubles up to the maximum and is spread by a fifth either way.
  public var initialBackoff: Duration = .milliseconds(100)
  public var maximumBackoff: Duration = .seconds(5)
  /// Most bytes of one response message.
  public var maximumResponseBytes = 4 * 1024 * 1024
  /// Most calls of one loop that run or wait for a connection; one more fails with RESOURCE_EXHAUSTED.
  public var maximumCalls = 10_000
  public var connectionLimits = HTTP2Limits()
  /// Sent as `:authority`; nil takes the address.
  public var authority: String?
  /// Sent as `user-agent`.
  public var userAgent = "cloudbill-swift/1"

  public init() {}
}
