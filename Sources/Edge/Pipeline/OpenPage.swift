internal import Schema
internal import ServiceKit

/// What the edge answers by itself, to anybody: that it is alive, and what it offers.
enum OpenPage {
  case health, document

  static let methods: [HTTPMethod] = [.get, .head, .options]

  /// Nil when the path is none of these pages.
  init?(_ head: HTTPRequestHead) {
    if head.matches(head.path, "/health") {
      self = .health
    } else if head.matches(head.path, "/openapi.json") {
      self = .document
    } else {
      return nil
    }
  }

  func response(timestamp: [UInt8], requestID: [UInt8]) -> HTTPResponse {
    switch self {
    case .health: return HTTPResponse(200, requestID: requestID, body: Self.health(timestamp: timestamp))
    case .document:
      var response = HTTPResponse(200, requestID: requestID, body: Self.documentBytes)
      response.entityTag = Self.documentTag
      return response
    }
  }

  private static let documentBytes: [UInt8] = {
    var bytes: [UInt8] = []
    bytes.append(OpenAPIDocument.json)
    return bytes
  }()

  private static let documentTag: String = {
    let digits = SHA256Digest.of(documentBytes).prefix(8).flatMap {
      [[UInt8].hexadecimalDigit($0 >> 4), [UInt8].hexadecimalDigit($0 & 15)]
    }
    return "\"\(String(decoding: digits, as: UTF8.self))\""
  }()

  /// For balancers: says that the edge answers, and nothing else.
  private static func health(timestamp: [UInt8]) -> [UInt8] {
    var body: [UInt8] = []
    Envelope.openData(&body)
    body.append("{\"status\":\"healthy\"}")
    Envelope.close(&body, message: nil, timestamp: timestamp)
    return body
  }
}
