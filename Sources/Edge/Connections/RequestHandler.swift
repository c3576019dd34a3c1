internal import Reactor

/// Turns requests into answers, on the loop that read them.
protocol RequestHandler: AnyObject {
  /// Answers one request. It must not throw anything away: every request gets exactly one answer.
  func answer(_ request: HTTPRequest, from peer: SocketAddress) async -> HTTPResponse

  /// The answer to what was refused before it became a request.
  func answer(_ rejection: HTTPRejection, from peer: SocketAddress) -> HTTPResponse
}
