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

  func response(_ health: ServicesHealth, timestamp: [UInt8], requestID: [UInt8]) -> HTTPResponse {
    switch self {
    case .health:
      let (status, services) = health.report
      return HTTPResponse(
        status == .unhealthy ? 503 : 200, requestID: requestID,
        body: Self.body(status, services, timestamp: timestamp))
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

  /// For balancers: whether requests can be answered, and which services serve. Nothing else of the inside.
  private static func body(
    _ status: ServicesHealth.Status, _ services: [(name: String, isServing: Bool)], timestamp: [UInt8]
  ) -> [UInt8] {
    var body: [UInt8] = []
    Envelope.openData(&body)
    body.append("{\"status\":")
    body.append(json: status.rawValue)
    body.append(",\"services\":{")
    for (index, service) in services.enumerated() {
      if index > 0 { body.append(ASCII.comma) }
      body.append(json: service.name)
      body.append(service.isServing ? ":\"healthy\"" : ":\"unhealthy\"")
    }
    body.append("}}")
    Envelope.close(&body, message: nil, timestamp: timestamp)
    return body
  }
}
