internal import Reactor

/// Turns requests into answers, on the loop that read them.
protocol RequestHandler: AnyObject {
  /// Answers one request. Every request gets exactly one answer, whether its body was asked for or not.
  func answer(_ head: HTTPRequestHead, _ body: RequestBody?, from peer: SocketAddress) async -> HTTPResponse

  /// The answer to what was refused before it became a request.
  func answer(_ rejection: HTTPRejection, from peer: SocketAddress) -> HTTPResponse
}
