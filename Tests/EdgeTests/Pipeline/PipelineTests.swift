import Foundation
import ServiceKit
import Testing

@testable import Edge

@Suite("From request to envelope")
struct PipelineTests {
  private func object(_ answer: RawClient.Answer) throws -> [String: Any] {
    let body = try JSONSerialization.jsonObject(with: Data(answer.body.utf8), options: .fragmentsAllowed)
    return try #require(body as? [String: Any], "\(answer.body)")
  }

  private func expect(
    _ answer: RawClient.Answer, _ status: Int, _ code: String, field: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let body = try object(answer)
    let error = try #require(body["error"] as? [String: Any], "\(answer.body)", sourceLocation: sourceLocation)
    #expect(answer.status == status, "\(answer.body)", sourceLocation: sourceLocation)
    #expect(error["code"] as? String == code, "\(answer.body)", sourceLocation: sourceLocation)
    #expect(error["field"] as? String == field, "\(answer.body)", sourceLocation: sourceLocation)
    #expect(body["success"] as? Bool == false && body["timestamp"] is String, sourceLocation: sourceLocation)
    #expect(body["requestId"] as? String == answer.fields["x-request-id"], sourceLocation: sourceLocation)
  }

  @Test("a request is answered in the documented envelope")
  func success() async throws {
    try await withEdge { edge in
      let token = edge.token()
      let one = try edge.ask("GET", "/api/billing/subscriptions/abc", token: token)
      #expect(
        one.status == 200
          && one.body.hasPrefix("{\"success\":true,\"data\":{\"id\":\"abc\",\"tenantId\":\"\(EdgeWorld.tenant)\","))
      let list = try edge.ask("GET", "/api/billing/subscriptions?page=3&limit=5", token: token)
      let body = try object(list)
      #expect(body["data"] as? [String] == [] && (body["pagination"] as? [String: Int])?["page"] == 3)
      let made = try edge.ask(
        "POST", "/api/billing/subscriptions", token: token, fields: ["idempotency-key: k-1"],
        body: #"{"planId":"pro","currentPrice":99.00,"currency":"USD"}"#)
      let data = try #require(try object(made)["data"] as? [String: Any])
      #expect(
        made.status == 201 && data["customerId"] as? String == "k-1" && made.body.contains("\"currentPrice\":99.00"))
      #expect(try object(made)["message"] as? String == "Subscription created successfully")
      let login = try edge.ask("POST", "/api/auth/login", tenant: nil, body: #"{"email":"a@b.c","password":"right"}"#)
      #expect(login.status == 200 && login.body.contains("\"accessToken\":\"token\",\"expiresIn\":86400"))
      let patched = try edge.ask(
        "PATCH", "/api/billing/subscriptions/x", token: token, body: #"{"metadata":null,"autoRenew":true}"#)
      #expect(patched.body.contains("\"planId\":\"metadata,auto_renew\""))
      #expect(patched.fields["etag"] == "\"2\"")
      let stale = try edge.ask(
        "PATCH", "/api/billing/subscriptions/x", token: token, fields: ["if-match: \"1\""], body: #"{"autoRenew":true}"#
      )
      try expect(stale, 412, "VERSION_MISMATCH")
      let encoded = try edge.ask("GET", "/api/billing/subscriptions/a%20b%2Fc", token: token)
      #expect(encoded.body.contains("\"id\":\"a b/c\""))
      #expect(try edge.ask("POST", "/api/billing/subscriptions/x/cancel", token: token).status == 200)
      #expect(try edge.ask("GET", "/health", tenant: nil).status == 200)
    }
  }

  @Test("one id goes from the client through the service and back")
  func requestID() async throws {
    try await withEdge { edge in
      let given = try edge.ask(
        "GET", "/api/billing/subscriptions/request-id", token: edge.token(), fields: ["x-request-id: my-id.7"])
      #expect(given.fields["x-request-id"] == "my-id.7" && given.body.contains("\"id\":\"my-id.7\""))
      let made = try edge.ask(
        "GET", "/api/billing/subscriptions/request-id", token: edge.token(), fields: ["x-request-id: \"evil\""])
      let id = try #require(made.fields["x-request-id"])
      #expect(id.count == 32 && made.body.contains("\"id\":\"\(id)\""))
    }
  }

  @Test("who may not pass gets 401 or 403 and the reason")
  func access() async throws {
    try await withEdge { edge in
      let path = "/api/billing/subscriptions/abc"
      let missing = try edge.ask("GET", path)
      try expect(missing, 401, "UNAUTHORIZED")
      #expect(missing.fields["www-authenticate"] == "Bearer")
      for value in [
        "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a.b.c", "Bearer \(edge.token().dropLast(3))xxx",
      ] {
        try expect(try edge.ask("GET", path, fields: ["authorization: \(value)"]), 401, "UNAUTHORIZED")
      }
      let parts = edge.token().split(separator: ".")
      let none = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
      try expect(try edge.ask("GET", path, token: "\(none).\(parts[1])."), 401, "UNAUTHORIZED")
      try expect(try edge.ask("GET", path, token: edge.token(lifetime: -1)), 401, "UNAUTHORIZED")
      let session = UUID().uuidString.lowercased()
      edge.sessions.end(session)
      try expect(try edge.ask("GET", path, token: edge.token(session: session)), 401, "UNAUTHORIZED")
      try expect(try edge.ask("GET", path, token: edge.token(), tenant: nil), 403, "TENANT_ACCESS_DENIED")
      try expect(try edge.ask("GET", path, token: edge.token(), tenant: EdgeWorld.other), 403, "TENANT_ACCESS_DENIED")
      try expect(try edge.ask("GET", path, token: edge.token(), tenant: "x"), 403, "TENANT_ACCESS_DENIED")
      let root = edge.token(.superAdmin, tenant: EdgeWorld.other)
      let elsewhere = try edge.ask("GET", path, token: root, tenant: EdgeWorld.tenant)
      #expect(elsewhere.body.contains("\"tenantId\":\"\(EdgeWorld.tenant)\""))
    }
  }

  @Test("a session is asked about once in a while, and forgotten everywhere at sign-out")
  func sessions() async throws {
    try await withEdge(adjusting: { $0.sessionMemory = .seconds(600) }) { edge in
      let token = edge.token()
      for _ in 0..<20 { #expect(try edge.ask("GET", "/api/auth/me", token: token).status == 200) }
      // Once on each of the two loops at most.
      #expect((1...2).contains(edge.sessions.asked))
      #expect(try edge.ask("POST", "/api/auth/logout", token: token).status == 200)
      for _ in 0..<20 { try expect(try edge.ask("GET", "/api/auth/me", token: token), 401, "UNAUTHORIZED") }
    }
  }

  @Test("bad requests are refused by the documented status, code and field")
  func refusals() async throws {
    try await withEdge { edge in
      let token = edge.token()
      let plans = "/api/billing/subscriptions"
      try expect(try edge.ask("GET", "/api/nothing", token: token), 404, "NOT_FOUND")
      try expect(try edge.ask("GET", "/api/billing/subscriptions/", token: token), 404, "NOT_FOUND")
      try expect(try edge.ask("GET", "/api/billing/subscriptions/%00", token: token), 404, "NOT_FOUND")
      try expect(try edge.ask("GET", "/api/billing/subscriptions/%ff", token: token), 404, "NOT_FOUND")
      try expect(try edge.ask("GET", "/api/billing/subscriptions/missing", token: token), 404, "NOT_FOUND")
      let method = try edge.ask("DELETE", plans, token: token)
      try expect(method, 405, "METHOD_NOT_ALLOWED")
      #expect(method.fields["allow"] == "GET, POST, HEAD, OPTIONS")
      #expect(try edge.ask("OPTIONS", plans).status == 204)
      try expect(try edge.ask("BREW", plans, token: token), 405, "METHOD_NOT_ALLOWED")
      for type in [
        "text/plain", "application/jsonp", "application/json; charset=latin-1", "multipart/form-data; boundary=x",
      ] {
        try expect(
          try edge.ask("POST", plans, token: token, fields: ["content-type: \(type)"], body: "{}"), 415,
          "UNSUPPORTED_MEDIA_TYPE")
      }
      let bodies: [(String, String?)] = [
        ("{", nil), ("[]", nil), ("", nil), ("{} {}", nil), (#"{"planId":5}"#, "planId"), (#"{"nope":1}"#, "nope"),
        (#"{"planId":"a","planId":"b"}"#, "planId"), (#"{"currentPrice":0.001,"currency":"USD"}"#, "currentPrice"),
        (#"{"currentPrice":"9"}"#, "currentPrice"), (#"{"currentPrice":1e400}"#, "currentPrice"),
        (#"{"planId":"a\u0000b"}"#, "planId"), (#"{"currentPeriodEnd":"tomorrow"}"#, "currentPeriodEnd"),
        (#"{"billingCycle":"weekly"}"#, "billingCycle"), (#"{"autoRenew":"yes"}"#, "autoRenew"),
        (#"{"metadata":{"a":"# + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}}", nil),
      ]
      for (body, field) in bodies where !body.isEmpty {
        try expect(try edge.ask("POST", plans, token: token, body: body), 400, "VALIDATION_ERROR", field: field)
      }
      let queries: [(String, String?)] = [
        ("page=x", "page"), ("page=1&page=2", "page"), ("limit=99999999999", "limit"), ("nope=1", "nope"),
        ("status=broken", "status"), ("page=%zz", nil), ("planId=%ff", nil),
      ]
      for (query, field) in queries {
        try expect(try edge.ask("GET", "\(plans)?\(query)", token: token), 400, "VALIDATION_ERROR", field: field)
      }
      try expect(
        try edge.ask("POST", "\(plans)/x/cancel", token: token, body: #"{"id":"y"}"#), 400, "VALIDATION_ERROR",
        field: "id")
      try expect(
        try edge.ask("POST", plans, token: token, fields: ["idempotency-key: a b"], body: "{}"), 400,
        "VALIDATION_ERROR",
        field: "Idempotency-Key")
      let large = "{\"planId\":\"" + String(repeating: "a", count: 1024 * 1024) + "\"}"
      try expect(try edge.ask("POST", plans, token: token, body: large), 413, "PAYLOAD_TOO_LARGE")
    }
  }

  @Test("a service's failure tells nothing of its inside; one that is away or slow is 503 or 504")
  func services() async throws {
    try await withEdge(adjusting: { $0.callTimeout = .milliseconds(300) }) { edge in
      let token = edge.token()
      let broken = try edge.ask("GET", "/api/billing/subscriptions/broken", token: token)
      try expect(broken, 500, "INTERNAL_SERVER_ERROR")
      #expect(!broken.body.contains("secret"))
      try expect(try edge.ask("GET", "/api/billing/subscriptions/slow", token: token), 504, "GATEWAY_TIMEOUT")
      await edge.stopServices()
      let away = try edge.ask("GET", "/api/billing/subscriptions/abc", token: token)
      try expect(away, 503, "SERVICE_UNAVAILABLE")
      #expect(away.fields["retry-after"] == "1")
      #expect(try edge.ask("GET", "/health").status == 200)
    }
  }
}
