/// How long a connection may keep the edge waiting.
public struct ConnectionTimeouts: Sendable, Hashable {
  /// From a request's first byte to the end of its head; later is 408. Default 10 s.
  public var head = Duration.seconds(10)
  /// From the end of the head to the end of the body; later is 408. Default 30 s.
  public var body = Duration.seconds(30)
  /// Without a request, or with an answer that is not fetched; then the connection is closed. Default 75 s, above the
  /// 60 s that balancers commonly use, so that they close first.
  public var idle = Duration.seconds(75)
  /// How long what a refused client still sends is thrown away before the connection is closed. Default 1 s.
  public var linger = Duration.seconds(1)

  public init() {}
}
