public import Protobuf
public import RPC
internal import Schema

/// A failure as REST callers know it: the documented code, the field it is about and words that are safe to show, beside the gRPC
/// status. Travels as `cloudbill.common.v1.ErrorDetail` in `cloudbill-error-bin`.
public struct ServiceError: Error, Sendable, Hashable {
  /// Trailer with the serialized `ErrorDetail`.
  public static let detailKey: MetadataKey = "cloudbill-error-bin"
  /// Trailer with the whole seconds after which asking again may help.
  public static let retryAfterKey: MetadataKey = "retry-after"

  public var status: StatusCode
  /// Machine-readable, such as `VALIDATION_ERROR`.
  public var code: String
  public var message: String
  /// The request field that is wrong, by its JSON path; empty when the failure is not about one.
  public var field: String
  /// Seconds after which asking again may help.
  public var retryAfter: Int?
  /// The rules of the schema that the request breaks; the first of them is what `field` and `message` tell.
  public var violations: [Violation] = []

  public init(_ status: StatusCode, _ code: String, _ message: String, field: String = "", retryAfter: Int? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
  }

  /// What a caller received; `nil` when the error carries no detail of ours.
  public init?(_ error: RPCError) {
    guard let bytes = error.metadata.bytes(Self.detailKey),
      let detail = try? CommonV1.ErrorDetail(serialized: bytes), !detail.code.isEmpty
    else {
      let violations = error.violations
      guard let first = violations.first else { return nil }
      self = .validation(first.description, field: first.field)
      self.violations = violations
      return
    }
    self.init(
      error.code, detail.code, detail.message, field: detail.field,
      retryAfter: error.metadata[Self.retryAfterKey].flatMap { Int($0) })
  }
}

extension RPCError {
  /// The failure as a call's status and trailers.
  public init(_ error: ServiceError) {
    var metadata = Metadata()
    let detail = CommonV1.ErrorDetail(code: error.code, field: error.field, message: error.message)
    // Only a message over protobuf's size limit cannot be serialized; the status then tells enough.
    if let bytes = try? detail.serialized() { metadata.append(bytes, for: ServiceError.detailKey) }
    if let seconds = error.retryAfter { metadata.append(String(seconds), for: ServiceError.retryAfterKey) }
    self.init(error.status, error.message, metadata: metadata)
  }

  /// The documented failure, where it is thrown: `throw .service(.notFound("Subscription not found"))`.
  public static func service(_ error: ServiceError) -> RPCError { RPCError(error) }
}

extension ServiceError {
  /// 400: a field of the request is wrong.
  public static func validation(_ message: String, field: String = "") -> ServiceError {
    ServiceError(.invalidArgument, "VALIDATION_ERROR", message, field: field)
  }

  /// 404: there is no such thing, or it is another tenant's.
  public static func notFound(_ message: String = "The requested resource was not found") -> ServiceError {
    ServiceError(.notFound, "NOT_FOUND", message)
  }

  /// 409: what is asked for does not fit how things stand.
  public static func conflict(_ message: String, code: String = "CONFLICT") -> ServiceError {
    ServiceError(.failedPrecondition, code, message)
  }

  /// 409: it exists already.
  public static func alreadyExists(_ message: String, field: String = "") -> ServiceError {
    ServiceError(.alreadyExists, "ALREADY_EXISTS", message, field: field)
  }

  /// 401: nobody has signed in.
  public static let unauthorized = ServiceError(.unauthenticated, "UNAUTHORIZED", "Authentication required")
  /// 401: the claims or the token were good once.
  public static let expired = ServiceError(.unauthenticated, "UNAUTHORIZED", "The credentials have expired")
  /// 401: sign in again.
  public static let sessionEnded = ServiceError(
    .unauthenticated, "UNAUTHORIZED", "The session has ended: sign in again")
  /// 401: one answer for an unknown address and for a wrong password.
  public static let invalidCredentials = ServiceError(
    .unauthenticated, "INVALID_CREDENTIALS", "The email address or the password is wrong")
  /// 403: told only to who has shown the right password or token.
  public static let accountSuspended = ServiceError(
    .permissionDenied, "ACCOUNT_SUSPENDED", "The account or its tenant is not active")
  /// 403: the role does not grant it.
  public static let forbidden = ServiceError(
    .permissionDenied, "FORBIDDEN", "You do not have permission to do this")
  /// 403: the request names a tenant that is not the caller's.
  public static let tenantDenied = ServiceError(
    .permissionDenied, "TENANT_ACCESS_DENIED", "You do not have access to this tenant")

  /// 429: come back later.
  public static func tooManyRequests(_ message: String, retryAfter seconds: Int) -> ServiceError {
    ServiceError(.resourceExhausted, "RATE_LIMIT_EXCEEDED", message, retryAfter: seconds)
  }

  /// 503: something we stand on is away; nothing was done.
  public static func unavailable(retryAfter seconds: Int = 1) -> ServiceError {
    ServiceError(
      .unavailable, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable", retryAfter: seconds)
  }

  /// 504: it took longer than the caller waits. Whether it was done is not known.
  public static let timeout = ServiceError(
    .deadlineExceeded, "GATEWAY_TIMEOUT", "The request took too long")

  /// 500: our fault; what went wrong stands in the log under the request's id.
  public static let unexpected = ServiceError(.internal, "INTERNAL_SERVER_ERROR", "An unexpected error occurred")
}
