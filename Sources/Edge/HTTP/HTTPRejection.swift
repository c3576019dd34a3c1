/// Why a request was refused before it reached the pipeline. The connection is closed after the answer: once the
/// framing is in doubt nothing that follows can be trusted (RFC 9112 section 11.2).
struct HTTPRejection: Error, Sendable, Hashable {
  /// The documented answer's status, `code` and `message`.
  let status: Int
  let code: String
  let message: String

  init(_ status: Int, _ code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  static func malformed(_ message: String) -> HTTPRejection { HTTPRejection(400, "BAD_REQUEST", message) }

  /// Nobody is left to be answered.
  static let clientGone = HTTPRejection(499, "CLIENT_CLOSED_REQUEST", "The client ended the request")
  static let requestTimeout = HTTPRejection(408, "REQUEST_TIMEOUT", "The request did not arrive in time")
  static let bodyTooLarge = HTTPRejection(413, "PAYLOAD_TOO_LARGE", "The request body is too large")
  static let requestLineTooLong = HTTPRejection(414, "URI_TOO_LONG", "The request line is too long")
  static let expectationFailed = HTTPRejection(417, "EXPECTATION_FAILED", "Only 100-continue can be expected")
  static let headTooLarge = HTTPRejection(
    431, "HEADERS_TOO_LARGE", "The request has too many or too long header fields")
  static let versionNotSupported = HTTPRejection(
    505, "HTTP_VERSION_NOT_SUPPORTED", "HTTP/1.1 and HTTP/2 are spoken here")
}
