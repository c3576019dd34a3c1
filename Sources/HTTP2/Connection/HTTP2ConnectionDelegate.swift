public import Reactor

/// Told what happens on an HTTP/2 connection as a whole. On the loop's thread.
public protocol HTTP2ConnectionDelegate: AnyObject {
  /// Server: a request has begun. Set `stream.delegate` now to learn the rest. `fields` are lent for the call: copy what must stay.
  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection)
  /// Server: a request whose header list is over the limit was answered with 431.
  func requestTooLarge(_ stream: HTTP2Stream, on connection: HTTP2Connection)
  /// The peer's first SETTINGS have arrived: it speaks HTTP/2.
  func ready(_ connection: HTTP2Connection)
  /// The peer's later SETTINGS have arrived: it may allow more streams now.
  func settingsChanged(_ connection: HTTP2Connection)
  /// The peer takes no new streams; those up to `lastStreamID` may still end well.
  func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode, on connection: HTTP2Connection)
  /// A stream is over; its own delegate has been told.
  func streamClosed(on connection: HTTP2Connection)
  /// The connection is over and all its streams have been told; called exactly once.
  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason)
}

extension HTTP2ConnectionDelegate {
  public func request(
    _ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool, on connection: HTTP2Connection
  ) { stream.reset(.refusedStream) }
  public func requestTooLarge(_ stream: HTTP2Stream, on connection: HTTP2Connection) {}
  public func ready(_ connection: HTTP2Connection) {}
  public func settingsChanged(_ connection: HTTP2Connection) {}
  public func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode, on connection: HTTP2Connection) {}
  public func streamClosed(on connection: HTTP2Connection) {}
}

/// Why a connection ended.
public enum HTTP2CloseReason: Hashable, Sendable {
  /// In order: drained, idle for too long, or closed by the peer between requests.
  case orderly
  /// The socket failed or was closed from our side.
  case transport(ReactorError?)
  /// The peer broke the protocol or a limit; it was told so.
  case protocolError(HTTP2ErrorCode)
  /// The first bytes were not HTTP/2.
  case notHTTP2
  /// No SETTINGS came in time.
  case handshakeTimeout
  /// The peer did not read, or did not complete a header block, in time.
  case tooSlow
  /// The peer did not answer a PING.
  case keepaliveTimeout
}
