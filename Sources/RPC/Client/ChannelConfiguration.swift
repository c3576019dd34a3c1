public import HTTP2
public import Reactor

/// How a channel reaches its server.
public struct ChannelConfiguration: Sendable {
  /// Asked in this order, told in the opposite order.
  public var interceptors: [any ClientInterceptor] = []
  /// How calls are spread over the addresses of the target.
  public var balancing = BalancingPolicy.leastLoaded
  /// Time for one attempt to connect, up to the server's first SETTINGS.
  public var connectTimeout: Duration = .seconds(5)
  /// Wait after a failed attempt; it doubles up to the maximum and is spread by a fifth either way.
  public var initialBackoff: Duration = .milliseconds(20)
  public var maximumBackoff: Duration = .seconds(1)
  /// How long calls wait for a server that has ended its connections in order, as one does that restarts, instead of failing.
  public var restartGrace: Duration = .seconds(2)
  /// How old the addresses of a name may get while calls are made.
  public var resolutionInterval: Duration = .seconds(30)
  /// Looks names up; nil takes one that all channels share.
  public var nameResolver: NameResolver?
  /// Most bytes of one response message.
  public var maximumResponseBytes = 4 * 1024 * 1024
  /// Most calls of one loop that run or wait for a connection; one more fails with RESOURCE_EXHAUSTED.
  public var maximumCalls = 10_000
  /// Retries of methods that are declared safe to repeat, as a share of the calls: 0.1 means at most 1.1 attempts a call.
  public var retryRatio = 0.1
  /// Retries of a loop that need not be earned by calls first.
  public var retryReserve = 10
  public var connectionLimits = HTTP2Limits()
  /// Sent as `:authority`; nil takes the target's name, or the address.
  public var authority: String?
  /// Sent as `user-agent`.
  public var userAgent = "cloudbill-swift/1"

  /// Bytes of a streaming request that are held for being sent again, until the server answers: with more, a server that refuses the call
  /// makes it fail.
  static let replayByteCount = 64 * 1024
  /// Retries of a loop that are saved up at most.
  static let savedRetries = 100
  /// How long a stream whose call has reached its deadline is left to the server to end, which keeps the same deadline: servers count the
  /// resets of a client that is in a hurry as abuse.
  static let deadlineGrace = Duration.seconds(1)

  public init() {}
}
