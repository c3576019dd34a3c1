/// Every bound of the edge: sizes, counts and times. Each field says its unit, its default and what happens past it.
public struct EdgeLimits: Sendable, Hashable {
  // MARK: Of a request

  /// Bytes of the request line without its CR LF, and of `:path` in HTTP/2; more is 414. Default 8 KiB.
  public var requestLineBytes = 8 * 1024
  /// Bytes of request line and header fields together, and of a trailer section; more is 431. Default 16 KiB.
  public var headBytes = 16 * 1024
  /// Header fields in a request; more is 431. Default 64.
  public var fields = 64
  /// Parameters in a query; more is 400. Default 64.
  public var queryParameters = 64
  /// Bytes of a request body, after chunked decoding; more is 413. Default 1 MiB.
  public var bodyBytes = 1024 * 1024
  /// Bytes of chunk extensions in one body, all ignored; more is 400. Default 1 KiB.
  public var chunkExtensionBytes = 1024

  // MARK: Of a connection

  /// Open connections of one event loop; more wait in the kernel's queue. Default 50,000.
  public var connectionsPerLoop = 50_000
  /// Requests of one HTTP/1.1 connection that may be waiting for their answer; further ones stay unread. Default 16.
  public var pipelinedRequests = 16
  /// Requests an HTTP/2 connection may have open at once; more are refused. Default 100.
  public var concurrentStreams = 100
  /// Bytes of answers that wait for a peer that does not read; past it the connection is closed. Default 16 MiB.
  public var unreadAnswerBytes = 16 * 1024 * 1024

  /// Bytes that the HTTP/2 connections of one event loop may hold for peers that are slow to send or to read, each 4 MiB at most; past it the
  /// slowest requests are reset. Default 64 MiB.
  public var heldBytesPerLoop = 64 * 1024 * 1024

  /// From a request's first byte to the end of its head; later is 408. Default 10 s.
  public var headTimeout = Duration.seconds(10)
  /// From when a body is wanted to its end; later is 408. Default 30 s.
  public var bodyTimeout = Duration.seconds(30)
  /// Bytes of a body that are read and thrown away when a request was answered without them, so that the connection can be used again;
  /// with more to come it is closed. Default 64 KiB.
  public var discardedBodyBytes = 64 * 1024
  /// In this time a peer takes `answerBytes` of the answers that wait for it, or all of them; else the connection is closed. Default 30 s.
  public var answerTimeout = Duration.seconds(30)
  /// What a peer takes at least in `answerTimeout`. Default 16 KiB.
  public var answerBytes = 16 * 1024
  /// Without a request; then the connection is closed. Default 75 s, above the 60 s that balancers commonly use, so that they close first.
  public var idleTimeout = Duration.seconds(75)
  /// How long what a refused client still sends is thrown away before the connection is closed. Default 1 s.
  public var lingerTimeout = Duration.seconds(1)

  // MARK: Of the calls to services

  /// Requests that one event loop answers at a time; more are 503. Default 4,000.
  public var requestsPerLoop = 4_000
  /// The longest time a service may take for one request; later is 504. Default 10 s.
  public var callTimeout = Duration.seconds(10)
  /// Bytes of a service's reply; more is 500. Default 32 MiB: a page of a hundred of the largest rows fits several times.
  public var replyBytes = 32 * 1024 * 1024
  /// Messages within messages of a service's reply; more is 500. Default 512: three for each level of JSON that a request may have, and
  /// as much again.
  public var replyDepth = 512
  /// Bytes of memory that a decoded reply may take; more is 500. Default 512 MiB.
  public var replyMemoryBytes = 512 * 1024 * 1024

  // MARK: Of answers

  /// Bytes of an answer to GET from which on it is compressed for a client that takes gzip. Default 1,400, about one packet.
  public var compressedFromBytes = 1_400
  /// How often the services are asked for their health, which `/health` tells. Default 1 s.
  public var healthInterval = Duration.seconds(1)
  /// How long a service may take to tell its health; later it counts as away. Default 1 s.
  public var healthTimeout = Duration.seconds(1)

  // MARK: Of the log

  /// Lines a second and event loop about what was refused before it was a request, which anybody can cause; the next line counts those
  /// left out. Default 10.
  public var rejectionLinesPerSecond = 10

  // MARK: Of what is remembered

  /// How long a session's state is remembered before the auth service is asked again, when the auth service does not tell of its end
  /// before. The auth service may ask for less. Default 5 s.
  public var sessionMemory = Duration.seconds(5)
  /// How long the auth service may take to say how a session stands; later is 503. Default 3 s.
  public var sessionCheckTimeout = Duration.seconds(3)
  /// Tokens, and sessions, that each event loop remembers; the ones used longest ago are forgotten. Default 10,000, about 1.5 KiB each.
  public var sessionsPerLoop = 10_000

  public init() {}
}
