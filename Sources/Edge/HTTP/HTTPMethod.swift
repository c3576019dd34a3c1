/// The request method. What the edge has no route for is `other`: it is answered 405 or 404, never guessed at.
enum HTTPMethod: UInt8, Sendable, CaseIterable {
  case get, head, post, put, patch, delete, options, other

  /// Whether the method asks for no change (RFC 9110 section 9.2.1).
  var isSafe: Bool {
    switch self {
    case .get, .head, .options: true
    case .post, .put, .patch, .delete, .other: false
    }
  }

  /// The name on the wire. Methods are case-sensitive (RFC 9110 section 9.1).
  var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .patch: "PATCH"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .other: "OTHER"
    }
  }

  init(name: String) {
    self = HTTPMethod.allCases.first { $0.name == name } ?? .other
  }

  init(bytes: some Collection<UInt8>) {
    self = HTTPMethod.allCases.first { $0.name.utf8.elementsEqual(bytes) } ?? .other
  }
}
