import Testing

@testable import Edge

@Suite("What a body is said to be")
struct MediaTypeTests {
  @Test(
    "is JSON",
    arguments: [
      ("application/json", true), ("Application/JSON", true), ("application/json; charset=utf-8", true),
      ("application/json;CHARSET=\"UTF-8\"", true), ("application/json ; v=1", true), ("application/jsonp", false),
      ("application/json; charset=latin-1", false), ("text/json", false), ("", false), (";", false),
      // KELVIN SIGN and LONG S are no letters of a media type, although case mapping makes some of them.
      ("application/j\u{17F}on", false), ("application/json, text/plain", false),
    ])
  func json(_ value: String, _ expected: Bool) {
    #expect(MediaType.isJSON(Array(value.utf8)[...]) == expected)
  }

  @Test(
    "is gRPC",
    arguments: [
      ("application/grpc", true), ("application/grpc+proto", true), ("Application/gRPC;x", true),
      ("application/grpc-web", false), ("application/grp", false),
    ])
  func grpc(_ value: String, _ expected: Bool) {
    #expect(MediaType.isGRPC(Array(value.utf8)[...]) == expected)
  }

  @Test(
    "is without a coding",
    arguments: [
      ("identity", true), ("IDENTITY, identity", true), ("", true), ("gzip", false), ("identity, gzip", false),
    ]
  )
  func identity(_ value: String, _ expected: Bool) {
    #expect(MediaType.isIdentity(Array(value.utf8)) == expected)
  }

  @Test("is nothing without a field")
  func absent() {
    #expect(!MediaType.isJSON(nil) && !MediaType.isGRPC(nil))
  }
}
