/// A failure as the caller sees it: the status and what stands in the envelope's `error`.
struct ErrorAnswer: Error, Sendable, Hashable {
  var status: Int
  /// Machine-readable, such as `VALIDATION_ERROR`.
  var code: String
  /// For people; safe to show.
  var message: String
  /// The request field that is wrong, by its JSON path.
  var field: String?
  /// The value of `Retry-After` in seconds, when asking again later may help.
  var retryAfter: Int?
  /// The value of `Allow` (405) or of `WWW-Authenticate` (401).
  var hint: String?

  init(_ status: Int, _ code: String, _ message: String, field: String? = nil, retryAfter: Int? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
  }

  init(_ rejection: HTTPRejection) {
    self.init(rejection.status, rejection.code, rejection.message)
  }
}

extension ErrorAnswer {
  static let notFound = ErrorAnswer(404, "NOT_FOUND", "The requested resource was not found")
  static let unauthorized = ErrorAnswer(401, "UNAUTHORIZED", "Authentication required")
  static let invalidToken = ErrorAnswer(401, "UNAUTHORIZED", "The access token is not valid")
  static let expiredToken = ErrorAnswer(401, "UNAUTHORIZED", "The access token has expired")
  static let sessionEnded = ErrorAnswer(401, "UNAUTHORIZED", "The session has ended: sign in again")
  static let accountSuspended = ErrorAnswer(403, "ACCOUNT_SUSPENDED", "The account or its tenant is not active")
  static let tenantDenied = ErrorAnswer(403, "TENANT_ACCESS_DENIED", "You do not have access to this tenant")
  static let forbidden = ErrorAnswer(403, "FORBIDDEN", "You do not have permission to do this")
  static let unsupportedMediaType = ErrorAnswer(
    415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be application/json")
  static let internalError = ErrorAnswer(500, "INTERNAL_SERVER_ERROR", "An unexpected error occurred")
  static let draining = ErrorAnswer(503, "SERVICE_UNAVAILABLE", "The service is shutting down", retryAfter: 1)

  static func validation(_ message: String, field: String? = nil) -> ErrorAnswer {
    ErrorAnswer(400, "VALIDATION_ERROR", message, field: field)
  }

  static func methodNotAllowed(_ methods: [HTTPMethod]) -> ErrorAnswer {
    var answer = ErrorAnswer(405, "METHOD_NOT_ALLOWED", "The method is not allowed for this resource")
    answer.hint = methods.map(\.name).joined(separator: ", ")
    return answer
  }
}
