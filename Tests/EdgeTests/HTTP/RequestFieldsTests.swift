import Testing

@testable import Edge

@Suite("The fields the edge acts on")
struct RequestFieldsTests {
  /// Every field of a single value, as it is usually spelt.
  static let single = [
    "Origin", "X-Tenant-ID", "Content-Type", "X-Request-ID", "Authorization", "Idempotency-Key",
    "Access-Control-Request-Method",
  ]
  static let lists = ["If-Match", "If-None-Match", "Accept-Encoding", "Content-Encoding"]

  private static func text(_ head: HTTPRequestHead, _ fields: RequestFields) -> [String: String] {
    let places = [
      "Origin": fields.origin, "X-Tenant-ID": fields.tenantID, "Content-Type": fields.contentType,
      "X-Request-ID": fields.requestID, "Authorization": fields.authorization,
      "Idempotency-Key": fields.idempotencyKey, "Access-Control-Request-Method": fields.requestedMethod,
      "If-Match": fields.ifMatch, "If-None-Match": fields.ifNoneMatch, "Accept-Encoding": fields.acceptEncoding,
      "Content-Encoding": fields.contentEncoding, "traceparent": fields.traceParent,
    ]
    return places.compactMapValues { $0.map(head.text) }
  }

  @Test("are found, each in its own place", arguments: single + lists + ["traceparent"])
  func found(_ name: String) {
    let head = HTTPRequestHead.reading("GET /", "X-Other: 1", "\(name): value")
    let fields = RequestFields(head)
    #expect(Self.text(head, fields) == [name: "value"])
    #expect(fields.repeated == nil)
  }

  @Test("of a single value are refused when they stand twice", arguments: single)
  func twice(_ name: String) {
    let fields = RequestFields(.reading("GET /", "\(name): a", "X-Other: 1", "\(name.uppercased()): a"))
    #expect(fields.repeated.map { "\($0)" } == name)
  }

  @Test("that are lists may stand on several lines", arguments: lists)
  func lines(_ name: String) {
    let head = HTTPRequestHead.reading("GET /", "\(name): a", "\(name): b, c")
    #expect(RequestFields(head).repeated == nil)
    let key: StaticString =
      switch name {
      case "If-Match": "if-match"
      case "If-None-Match": "if-none-match"
      case "Accept-Encoding": "accept-encoding"
      default: "content-encoding"
      }
    #expect(head.list(key) == Array("a, b, c".utf8))
  }

  @Test("a trace that is told twice begins anew")
  func traces() {
    let fields = RequestFields(.reading("GET /", "traceparent: a", "traceparent: a", "traceparent: a"))
    #expect(fields.traceParent == nil && fields.repeated == nil)
  }
}
