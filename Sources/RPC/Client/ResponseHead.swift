internal import HTTP2
internal import Reactor

/// What the head of a response says when it is not gRPC's, by gRPC's table of HTTP status codes.
enum ResponseHead {
  /// Nil for the head of a gRPC response.
  static func refusal(_ fields: borrowing HeaderFields) -> RPCError? {
    let status = fields[":status"] ?? ""
    guard status == "200" else { return error(ofHTTPStatus: status) }
    let isGRPC = fields.withValue(of: "content-type") { ContentType.isGRPC($0) } ?? false
    return isGRPC ? nil : .unknown("the server's response is not gRPC")
  }

  static func hasHTTPError(_ fields: borrowing HeaderFields) -> Bool { fields[":status"] != "200" }

  private static func error(ofHTTPStatus status: String) -> RPCError {
    let message = "the server answered with HTTP status \(status.prefix(3))"
    switch status {
    case "400": return .internal(message)
    case "401": return .unauthenticated(message)
    case "403": return .permissionDenied(message)
    case "404": return .unimplemented(message)
    case "431": return .internal("the metadata is longer than the server takes")
    case "429", "502", "503", "504": return .unavailable(message)
    default: return .unknown(message)
    }
  }

  /// What the end of a stream without a response means, by gRPC's table of HTTP/2 error codes.
  static func error(of code: HTTP2ErrorCode) -> RPCError {
    switch code {
    case .cancel: .cancelled("the server cancelled the call")
    case .refusedStream: .unavailable("the server refused the call")
    case .enhanceYourCalm: .resourceExhausted("the server asks for calm")
    case .inadequateSecurity: .permissionDenied("the server asks for better security")
    default: .internal("the call was ended by \(code)")
    }
  }
}

/// The head of requests.
enum RequestFields {
  static let prepared = PreparedFields([":method": "POST", ":scheme": "http"])

  /// What is the same for all calls to an address, pseudo-header fields first (RFC 9113 §8.3).
  static func constant(authority: String, userAgent: String) -> HeaderFields {
    HeaderFields([
      ":authority": authority, "te": "trailers", "content-type": "application/grpc", "user-agent": userAgent,
    ])
  }

  /// - Parameter previousAttempts: sent as gRPC's proposal A6 says, unless it is 0.
  static func fields(
    path: String, constant: HeaderFields, previousAttempts: Int, deadline: Deadline, metadata: Metadata
  ) -> HeaderFields {
    var fields = HeaderFields()
    fields.reserve(byteCount: 512)
    fields.append(":path", path)
    fields.append(contentsOf: constant)
    if let left = deadline.remaining {
      fields.append("grpc-timeout", CallTimeout.text(nanoseconds: left.nanosecondsSaturated))
    }
    if previousAttempts > 0 { fields.append("grpc-previous-rpc-attempts", "\(previousAttempts)") }
    for (name, value) in metadata { fields.append(name, value) }
    return fields
  }
}
