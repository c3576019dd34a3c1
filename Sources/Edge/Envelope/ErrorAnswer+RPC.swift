internal import Protobuf
internal import RPC
internal import ServiceKit

extension ErrorAnswer {
  /// A call's failure as the documented answer: what the service said in detail, else what its status means.
  init(_ error: RPCError) {
    if let detail = ServiceError(error) {
      self.init(
        Self.status(of: detail.status, code: detail.code), detail.code, detail.message,
        field: detail.field.isEmpty ? nil : detail.field, retryAfter: detail.retryAfter)
      violations = detail.violations
      if status == 503, retryAfter == nil { retryAfter = 1 }
      return
    }
    switch error.code {
    case .unavailable: self = .unavailable
    case .deadlineExceeded: self.init(504, "GATEWAY_TIMEOUT", "The request took too long")
    case .resourceExhausted: self = Self.exhausted(error)
    case .unauthenticated: self = .unauthorized
    case .permissionDenied: self = .forbidden
    case .notFound: self = .notFound
    case .invalidArgument, .outOfRange: self = .validation(error.message)
    case .alreadyExists, .aborted, .failedPrecondition: self.init(409, "CONFLICT", error.message)
    case .unimplemented: self.init(501, "NOT_IMPLEMENTED", "This is not implemented yet")
    case .cancelled: self.init(499, "CLIENT_CLOSED_REQUEST", "The request was cancelled")
    case .ok, .unknown, .internal, .dataLoss: self = .internalError
    }
  }

  /// A request's JSON, path or query that does not fit the schema.
  init(_ error: ProtobufError) {
    switch error {
    case .tooLarge: self.init(413, "PAYLOAD_TOO_LARGE", "The request body is too large")
    default: self = .validation("\(error)", field: error.path.isEmpty ? nil : error.path)
    }
  }

  /// A limit that is not this caller's: 429 is for those, and services tell them in detail. What a service sent came with trailers: it
  /// sheds load, and asking again helps. What the channel found by itself is a reply larger than the edge takes, for which nobody but us
  /// can do anything.
  private static func exhausted(_ error: RPCError) -> ErrorAnswer {
    error.metadata.byteCount == 0 ? .internalError : .unavailable
  }

  private static func status(of status: StatusCode, code: String) -> Int {
    switch code {
    case "IDEMPOTENCY_MISMATCH", "IDEMPOTENCY_KEY_REUSED": return 422
    case "VERSION_MISMATCH": return 412
    default: break
    }
    switch status {
    case .invalidArgument, .outOfRange: return 400
    case .unauthenticated: return 401
    case .permissionDenied: return 403
    case .notFound: return 404
    case .alreadyExists, .aborted, .failedPrecondition: return 409
    case .resourceExhausted: return code == "RATE_LIMIT_EXCEEDED" ? 429 : 503
    case .cancelled: return 499
    case .unimplemented: return 501
    case .unavailable: return 503
    case .deadlineExceeded: return 504
    case .ok, .unknown, .internal, .dataLoss: return 500
    }
  }
}
