import Testing

@testable import Edge

@Suite("The envelope")
struct EnvelopeTests {
  private let now = Array("2025-11-24T10:30:00Z".utf8)

  @Test("of a success has data, message and timestamp")
  func success() {
    var body: [UInt8] = []
    Envelope.openData(&body)
    body.append("[1]")
    Envelope.openPagination(&body)
    body.append("{\"page\":1}")
    Envelope.close(&body, message: "Say \"hi\"", timestamp: now)
    #expect(
      String(decoding: body, as: UTF8.self)
        == #"{"success":true,"data":[1],"pagination":{"page":1},"message":"Say \"hi\"","timestamp":"2025-11-24T10:30:00Z"}"#
    )
  }

  @Test("of a failure has code, message, field, timestamp and request id")
  func failure() {
    let error = ErrorAnswer(400, "VALIDATION_ERROR", "too\nlong\u{1}", field: "planId")
    let body = Envelope.failure(error, timestamp: now, requestID: Array("r-1".utf8))
    #expect(
      String(decoding: body, as: UTF8.self)
        == #"{"success":false,"error":{"code":"VALIDATION_ERROR","message":"too\nlong\u0001","field":"planId"},"timestamp":"2025-11-24T10:30:00Z","requestId":"r-1"}"#
    )
  }

  @Test("carries what its status needs in the head")
  func fields() {
    func fields(_ error: ErrorAnswer) -> [String] {
      Envelope.response(error, timestamp: now, requestID: []).fields.map { "\($0.name): \($0.value)" }
    }
    #expect(fields(.unavailable) == ["retry-after: 1"])
    #expect(fields(.unauthorized) == ["www-authenticate: Bearer"])
    #expect(fields(.methodNotAllowed([.get, .head])) == ["allow: GET, HEAD"])
    #expect(fields(.notFound) == [])
  }
}
