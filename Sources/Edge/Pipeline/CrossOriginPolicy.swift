/// Which web pages may call the edge (the Fetch standard's CORS protocol): those of a list, nobody by default. Bearer
/// tokens are no ambient credentials, so credentials are never allowed.
struct CrossOriginPolicy: Sendable {
  private static let allowedFields =
    "authorization, content-type, x-tenant-id, idempotency-key, if-match, if-none-match, x-request-id"
  private static let exposedFields = "x-request-id, etag, retry-after, idempotent-replayed, ratelimit, ratelimit-policy"
  /// Seconds a browser may remember a preflight's answer.
  private static let preflightAge = "600"

  private let origins: Set<[UInt8]>

  /// - Parameter origins: as a browser sends them, such as `https://app.example.com`.
  init(origins: [String]) {
    self.origins = Set(origins.map { Array($0.utf8) })
  }

  /// Lets the page that asked read the answer, if it may.
  func decorate(_ response: inout HTTPResponse, for head: HTTPRequestHead) {
    guard let origin = allowedOrigin(of: head) else {
      // Without a list nothing depends on the origin and caches need not be told.
      if !origins.isEmpty { response.fields.append(.init(name: "vary", value: "origin")) }
      return
    }
    response.fields.append(.init(name: "access-control-allow-origin", value: origin))
    response.fields.append(.init(name: "access-control-expose-headers", value: Self.exposedFields))
    response.fields.append(.init(name: "vary", value: "origin"))
  }

  /// The answer to OPTIONS for a resource that has `methods`.
  func preflight(_ head: HTTPRequestHead, methods: [HTTPMethod], requestID: [UInt8]) -> HTTPResponse {
    let names = methods.map(\.name).joined(separator: ", ")
    var response = HTTPResponse(204, requestID: requestID)
    response.fields.append(.init(name: "allow", value: names))
    if allowedOrigin(of: head) != nil, head.field("access-control-request-method") != nil {
      response.fields.append(.init(name: "access-control-allow-methods", value: names))
      response.fields.append(.init(name: "access-control-allow-headers", value: Self.allowedFields))
      response.fields.append(.init(name: "access-control-max-age", value: Self.preflightAge))
    }
    return response
  }

  private func allowedOrigin(of head: HTTPRequestHead) -> String? {
    guard !origins.isEmpty, let origin = head.value("origin"), origins.contains(Array(origin)) else { return nil }
    return String(decoding: origin, as: UTF8.self)
  }
}
