internal import Protobuf

/// Writes the documented envelope around an answer's data (`system-design.md` section 5.2). It is written front to back
/// into one array: what is inside is appended by the caller between `open` and `close`.
enum Envelope {
  /// Room for the envelope around the data.
  static let overhead = 160

  static func openData(_ body: inout [UInt8]) {
    body.append("{\"success\":true,\"data\":")
  }

  static func openPagination(_ body: inout [UInt8]) {
    body.append(",\"pagination\":")
  }

  static func close(_ body: inout [UInt8], message: String?, timestamp: [UInt8]) {
    if let message {
      body.append(",\"message\":")
      body.append(json: message)
    }
    body.append(",\"timestamp\":\"")
    body.append(contentsOf: timestamp)
    body.append("\"}")
  }

  /// Bytes of a failure's message and of the field it names: both may quote the request, which is as long as its sender likes.
  private static let longestMessage = 500
  private static let longestField = 200

  /// The whole body of a failure.
  static func failure(_ error: ErrorAnswer, timestamp: [UInt8], requestID: [UInt8]) -> [UInt8] {
    let message = error.message.excerpt(byteCount: longestMessage)
    var body: [UInt8] = []
    body.reserveCapacity(overhead + message.utf8.count)
    body.append("{\"success\":false,\"error\":{\"code\":")
    body.append(json: error.code)
    body.append(",\"message\":")
    body.append(json: message)
    if let field = error.field {
      body.append(",\"field\":")
      body.append(json: field.excerpt(byteCount: longestField))
    }
    if !error.violations.isEmpty { append(error.violations, to: &body) }
    body.append("},\"timestamp\":\"")
    body.append(contentsOf: timestamp)
    body.append("\"")
    if !requestID.isEmpty {
      body.append(",\"requestId\":")
      body.append(json: requestID)
    }
    body.append("}")
    return body
  }

  /// The `details`: every rule of the schema that the request breaks.
  private static func append(_ violations: [Violation], to body: inout [UInt8]) {
    body.append(",\"details\":[")
    for (index, violation) in violations.enumerated() {
      body.append(index == 0 ? "{\"field\":" : ",{\"field\":")
      body.append(json: violation.field.excerpt(byteCount: longestField))
      body.append(",\"message\":")
      body.append(json: "expected \(violation.expected)".excerpt(byteCount: longestMessage))
      body.append(",\"rule\":")
      body.append(json: violation.rule.excerpt(byteCount: longestField))
      body.append("}")
    }
    body.append("]")
  }

  /// A failure as an answer with its fields.
  static func response(_ error: ErrorAnswer, timestamp: [UInt8], requestID: [UInt8]) -> HTTPResponse {
    var response = HTTPResponse(
      error.status, requestID: requestID, body: failure(error, timestamp: timestamp, requestID: requestID))
    if let seconds = error.retryAfter { response.fields.append(.init(name: "retry-after", value: String(seconds))) }
    if let hint = error.hint { response.fields.append(hint.field) }
    if error.status == 401 { response.fields.append(.init(name: "www-authenticate", value: "Bearer")) }
    return response
  }
}
