import Testing

@testable import Edge

@Suite("Cross-origin policy")
struct CrossOriginPolicyTests {
  private let policy = CrossOriginPolicy(origins: ["https://app.example.com"])

  private func fields(_ response: HTTPResponse) -> [String: String] {
    Dictionary(response.fields.map { ("\($0.name)", $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  private func decorated(_ policy: CrossOriginPolicy, _ origin: String?) -> [String: String] {
    var response = HTTPResponse(200, requestID: [])
    policy.decorate(&response, for: origin.map { .reading("GET /", "Origin: \($0)") } ?? .reading("GET /"))
    return fields(response)
  }

  @Test("lets a listed origin read the answer, and no other")
  func origins() {
    #expect(decorated(policy, "https://app.example.com")["access-control-allow-origin"] == "https://app.example.com")
    #expect(
      decorated(policy, "https://app.example.com")["access-control-expose-headers"]?.contains("x-request-id") == true)
    for origin in ["https://evil.example.com", "http://app.example.com", "null", "https://app.example.com.evil"] {
      #expect(decorated(policy, origin) == ["vary": "origin"])
    }
    #expect(decorated(policy, nil) == ["vary": "origin"])
    #expect(decorated(CrossOriginPolicy(origins: []), "https://app.example.com") == [:])
  }

  @Test("answers a preflight with the resource's methods and our headers")
  func preflight() {
    let head = HTTPRequestHead.reading(
      "OPTIONS /", "Origin: https://app.example.com", "Access-Control-Request-Method: PATCH")
    let response = policy.preflight(head, methods: [.get, .patch], requestID: [])
    #expect(response.status == 204)
    #expect(fields(response)["access-control-allow-methods"] == "GET, PATCH")
    for name in ["authorization", "x-tenant-id", "idempotency-key", "if-match"] {
      #expect(fields(response)["access-control-allow-headers"]?.contains(name) == true)
    }
    #expect(fields(response)["access-control-allow-credentials"] == nil)
    let foreign = policy.preflight(.reading("OPTIONS /", "Origin: https://x"), methods: [.get], requestID: [])
    #expect(fields(foreign) == ["allow": "GET"])
  }
}
