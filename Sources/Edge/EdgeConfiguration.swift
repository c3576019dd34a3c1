public import Reactor

/// How the edge runs. Every field says its unit and what it is when nobody sets it.
public struct EdgeConfiguration: Sendable {
  /// Where HTTP is spoken. Default 127.0.0.1:8080.
  public var address = SocketAddress.ipv4(0x7F00_0001, port: 8080)

  /// Where `/metrics` is served, for the inside only; `nil` serves none. Default 127.0.0.1:8180.
  public var metricsAddress: SocketAddress? = .ipv4(0x7F00_0001, port: 8180)

  /// Every bound: sizes, counts and times.
  public var limits = EdgeLimits()

  /// The web pages that may call the edge, as a browser names them (`https://app.example.com`). Default none.
  public var allowedOrigins: [String] = []

  /// Whether each request leaves a line in the log. Default true.
  public var logsRequests = true

  public init() {}
}
