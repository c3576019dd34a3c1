public import Reactor

/// How the edge runs. Every field says its unit and what it is when nobody sets it.
public struct EdgeConfiguration: Sendable {
  /// Where HTTP is spoken. Default 127.0.0.1:8080.
  public var address = SocketAddress.ipv4(0x7F00_0001, port: 8080)

  /// Where `/metrics` is served, for the inside only; `nil` serves none. Default 127.0.0.1:8180.
  public var metricsAddress: SocketAddress? = .ipv4(0x7F00_0001, port: 8180)

  /// Bounds on what a connection may send.
  public var limits = HTTPLimits()

  /// How long a connection may keep the edge waiting.
  public var timeouts = ConnectionTimeouts()

  /// Open connections of one event loop; more wait in the kernel's queue. Default 50,000.
  public var maximumConnectionsPerLoop = 50_000

  /// The web pages that may call the edge, as a browser names them (`https://app.example.com`). Default none.
  public var allowedOrigins: [String] = []

  /// The longest time a service may take for one request; later is 504. Default 10 s.
  public var callTimeout = Duration.seconds(10)

  /// How long a session's state is believed before the auth service is asked again: how late a sign-out, a suspension
  /// or a new role may take effect. The auth service may ask for less. Default 5 s.
  public var sessionMemory = Duration.seconds(5)

  /// Tokens each event loop remembers as verified. Default 10,000, about 1.5 KiB each.
  public var rememberedTokensPerLoop = 10_000

  /// Whether each request leaves a line in the log. Default true.
  public var logsRequests = true

  public init() {}
}
