internal import Schema

/// What the edge answers by itself, to anybody: that it is alive, and what it offers.
enum OpenPages {
  /// The answer when the path is one of these pages.
  static func answer(
    _ head: HTTPRequestHead, timestamp: [UInt8], requestID: [UInt8]
  ) throws(ErrorAnswer) -> HTTPResponse? {
    let isHealth = head.matches(head.path, "/health")
    guard isHealth || head.matches(head.path, "/openapi.json") else { return nil }
    guard head.method == .get || head.method == .head else { throw .methodNotAllowed([.get, .head]) }
    return HTTPResponse(
      200, requestID: requestID, body: isHealth ? health(timestamp: timestamp) : document)
  }

  private static let document: [UInt8] = {
    var bytes: [UInt8] = []
    bytes.append(OpenAPIDocument.json)
    return bytes
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
