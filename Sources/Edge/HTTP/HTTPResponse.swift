/// What a body is; the wire spelling of `content-type`.
enum ContentType: Sendable {
  case json, html
  /// The status of a gRPC call, which has no body.
  case grpc

  var field: StaticString {
    switch self {
    case .json: "application/json; charset=utf-8"
    case .html: "text/html; charset=utf-8"
    case .grpc: "application/grpc"
    }
  }
}

/// An answer, the same whether it leaves by HTTP/1.1 or HTTP/2. Date, length, request id and the security fields are
/// added when it is written.
struct HTTPResponse: Sendable {
  /// A field beyond those that every answer carries.
  struct Field: Sendable {
    let name: StaticString
    let value: String
  }

  var status: Int
  var contentType = ContentType.json
  /// Whether it depends on what codings the client takes (`Vary: accept-encoding`).
  var varies = false
  var fields: [Field] = []
  /// Tells the version of what is shown, with its quotes (RFC 9110 section 8.8.3).
  var entityTag: String?
  var body: [UInt8] = []
  /// The request's id, sent back as `x-request-id`.
  var requestID: [UInt8] = []

  init(_ status: Int, requestID: [UInt8], body: [UInt8] = []) {
    self.status = status
    self.requestID = requestID
    self.body = body
  }

  /// 204 and 304 have no body and no length (RFC 9110 section 8.6).
  var mayHaveBody: Bool { status != 204 && status != 304 }

  /// Whether HTTP/2 tells the length. A gRPC status is a head and nothing else.
  var hasLength: Bool { mayHaveBody && contentType != .grpc }

  /// Visits the fields that depend on what is answered and not on how it is sent.
  func forEachField(_ visit: (_ name: StaticString, _ value: String) -> Void) {
    if let entityTag { visit("etag", entityTag) }
    for field in fields { visit(field.name, field.value) }
  }
}

/// The reason phrases of the statuses the edge answers with.
enum HTTPStatus {
  static func reason(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 499: "Client Closed Request"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Unknown"
    }
  }
}
