/// The bounds of one HTTP/2 connection.
public struct HTTP2Limits: Sendable, Hashable {
  /// Streams the peer may have open at a time (SETTINGS_MAX_CONCURRENT_STREAMS); one more is refused.
  public var concurrentStreams = 256
  /// Size of a header list, names and values and 32 bytes a field (SETTINGS_MAX_HEADER_LIST_SIZE). A longer one gets 431.
  public var headerListByteCount = 16 * 1024
  /// Bytes a stream may receive before they are consumed (SETTINGS_INITIAL_WINDOW_SIZE).
  public var streamWindowByteCount = 256 * 1024
  /// Bytes all streams of the connection together may receive before the connection's window is renewed.
  public var connectionWindowByteCount = 1024 * 1024
  /// Dynamic table that the peer's encoder may use with us (SETTINGS_HEADER_TABLE_SIZE).
  public var headerTableByteCount = 4096
  /// Frame payload we take (SETTINGS_MAX_FRAME_SIZE).
  public var frameByteCount = 16 * 1024
  /// Output that may wait for the socket before the engine is asked for no more: streams wait then.
  public var connectionOutputByteCount = 256 * 1024
  /// Server: bytes held for the peer: header fields of open requests, parts of requests, messages nobody has taken, replies that were not
  /// read. Beyond, the slowest streams are given up. Default 4 MiB, which has room for one request of the usual largest size.
  public var heldByteCount = 4 * 1024 * 1024 + 64 * 1024
  /// Server: bytes of replies that may wait for the peer to read them before further requests of it have to wait. Default 1 MiB.
  public var unreadReplyByteCount = 1024 * 1024
  /// Server: time a request has to become complete, and a message that has begun. Default 30 s; see `slowestBytesPerSecond`.
  public var requestTimeout = Duration.seconds(30)
  /// Server: time a peer has to read what waits for it. Default 30 s; see `slowestBytesPerSecond`.
  public var replyTimeout = Duration.seconds(30)
  /// Rate in bytes a second above which a peer is never too slow: what moves gives it the time that takes at this rate. Default 1024.
  public var slowestBytesPerSecond = 1024
  /// Server: requests of one client address on one loop that may wait for their rest at a time, over all its connections. Beyond, the slowest
  /// are given up. Default 1000.
  public var waitingRequestsPerClient = 1000
  /// Server: time a header block has from its first byte to its last, after which the connection ends. Default 10 s.
  public var headerBlockTimeout = Duration.seconds(10)
  /// Bytes a stream's writer may be ahead of the peer before it is asked to wait.
  public var streamOutputByteCount = 64 * 1024
  /// Streams the peer may reset, or make us reset, in a row, and how many a second it earns back: more is the "rapid reset" attack
  /// (CVE-2023-44487). A stream whose own time is over, see `HTTP2Stream.resetIsExpected`, is not counted, and each stream that ends well
  /// earns one back.
  public var resetBurst = 1000
  public var resetsPerSecond = 500
  /// Frames in a row that carry nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown types …), and how many a second are
  /// earned back. Frames that carry something earn a few as well.
  public var idleFrameBurst = 2000
  public var idleFramesPerSecond = 200
  /// CONTINUATION frames of one header block.
  public var continuations = 8
  /// Time without any stream after which the connection is closed in order. `nil` leaves it open.
  public var idleTimeout: Duration? = .seconds(300)
  /// Time without a byte from the peer after which it is asked (PING) whether it is still there. `nil` never asks. A client whose first
  /// question was answered asks again after five minutes at the earliest, unless a stream brings something meanwhile: servers of other
  /// make end connections that ask more often.
  public var keepaliveInterval: Duration? = .seconds(30)
  /// Client: whether it asks while it has no streams too. Servers of other make must be told to allow that (gRPC A8).
  public var keepaliveWithoutStreams = false
  /// Time the peer has for the answer to that PING.
  public var keepaliveTimeout: Duration = .seconds(10)
  /// Time the peer has for its preface and first SETTINGS.
  public var handshakeTimeout: Duration = .seconds(10)

  public init() {}
}
