internal import Protobuf

/// A failure as the caller sees it: the status and what stands in the envelope's `error`.
struct ErrorAnswer: Error, Sendable, Hashable {
  var status: Int
  /// Machine-readable, such as `VALIDATION_ERROR`.
  var code: String
  /// For people; safe to show.
  var message: String
  /// The request field that is wrong, by its JSON path.
  var field: String?
  /// Every rule of the schema that the request breaks.
  var violations: [Violation] = []
  /// The value of `Retry-After` in seconds, when asking again later may help.
  var retryAfter: Int?
  /// What would be right instead.
  var hint: Hint?

  /// A header of the answer that tells the caller what would be right instead of what it asked.
  enum Hint: Sendable, Hashable {
    /// These methods, for 405.
    case allow(String)
    /// A body of this media type, for 415.
    case accept(String)
    /// A body of this content coding, for 415.
    case acceptEncoding(String)

    var field: HTTPResponse.Field {
      switch self {
      case .allow(let methods): .init(name: "allow", value: methods)
      case .accept(let type): .init(name: "accept", value: type)
      case .acceptEncoding(let coding): .init(name: "accept-encoding", value: coding)
      }
    }
  }

  init(
    _ status: Int, _ code: String, _ message: String, field: String? = nil, retryAfter: Int? = nil, hint: Hint? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
    self.hint = hint
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
  static let tenantMissing = ErrorAnswer(
    403, "TENANT_ACCESS_DENIED", "The X-Tenant-ID header is missing: it names the tenant the request is for",
    field: "X-Tenant-ID")
  static let tenantDenied = ErrorAnswer(403, "TENANT_ACCESS_DENIED", "You do not have access to this tenant")
  static let forbidden = ErrorAnswer(403, "FORBIDDEN", "You do not have permission to do this")
  static let unsupportedMediaType = ErrorAnswer(
    415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be application/json", hint: .accept("application/json"))
  static let unsupportedContentCoding = ErrorAnswer(
    415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be sent without a content coding", field: "Content-Encoding",
    hint: .acceptEncoding("identity"))
  static let internalError = ErrorAnswer(500, "INTERNAL_SERVER_ERROR", "An unexpected error occurred")

  static let unavailable = ErrorAnswer(
    503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable", retryAfter: 1)

  static func repeatedField(_ name: StaticString) -> ErrorAnswer {
    .validation("The \(name) header may stand once", field: "\(name)")
  }

  static func validation(_ message: String, field: String? = nil) -> ErrorAnswer {
    ErrorAnswer(400, "VALIDATION_ERROR", message, field: field)
  }

  static func methodNotAllowed(_ methods: [HTTPMethod]) -> ErrorAnswer {
    var answer = ErrorAnswer(405, "METHOD_NOT_ALLOWED", "The method is not allowed for this resource")
    answer.hint = .allow(methods.map(\.name).joined(separator: ", "))
    return answer
  }
}
