import Foundation
import ServiceKit
import TestSupport
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
      try expect(
        try edge.ask("GET", path, token: edge.token(), tenant: nil), 403, "TENANT_ACCESS_DENIED",
        field: "X-Tenant-ID")
      try expect(try edge.ask("GET", path, token: edge.token(), tenant: EdgeWorld.other), 403, "TENANT_ACCESS_DENIED")
      try expect(try edge.ask("GET", path, token: edge.token(), tenant: "x"), 403, "TENANT_ACCESS_DENIED")
      let root = edge.token(.superAdmin, tenant: EdgeWorld.other)
      let elsewhere = try edge.ask("GET", path, token: root, tenant: EdgeWorld.tenant)
      #expect(elsewhere.body.contains("\"tenantId\":\"\(EdgeWorld.tenant)\""))
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
      try expect(try edge.ask("GET", "/api/billing/subscriptions/%f", token: token), 400, "VALIDATION_ERROR")
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
      let several = try edge.ask(
        "POST", plans, token: token, body: #"{"planId":"a\nb","currentPrice":-1,"currency":"usd"}"#)
      try expect(several, 400, "VALIDATION_ERROR", field: "planId")
      #expect(
        several.body.contains(
          #""details":[{"field":"planId","message":"expected a plan's id without blanks","rule":"string.pattern"}"#))
      #expect(several.body.contains(#"{"field":"currentPrice","#) && several.body.contains(#"{"field":"currency","#))
      let queries: [(String, String?)] = [
        ("page=0", "page"), ("limit=101", "limit"), ("status=7", "status"), ("page=x", "page"),
        ("page=1&page=2", "page"), ("limit=99999999999", "limit"), ("nope=1", "nope"),
        ("status=broken", "status"), ("page=%zz", nil), ("planId=%ff", nil), ("status=99999999999", "status"),
        ((0..<65).map { "p\($0)=" }.joined(separator: "&"), nil),
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

  @Test("a service's failure tells nothing of its inside; one that is slow is 504")
  func services() async throws {
    try await withEdge(adjusting: { $0.limits.callTimeout = .milliseconds(300) }) { edge in
      let token = edge.token()
      let broken = try edge.ask("GET", "/api/billing/subscriptions/broken", token: token)
      try expect(broken, 500, "INTERNAL_SERVER_ERROR")
      #expect(!broken.body.contains("secret"))
      try expect(try edge.ask("GET", "/api/billing/subscriptions/slow", token: token), 504, "GATEWAY_TIMEOUT")
    }
  }

  @Test("a service that is away is 503 with advice to retry")
  func away() async throws {
    try await withEdge { edge in
      let token = edge.token()
      #expect(try edge.ask("GET", "/api/billing/subscriptions/abc", token: token).status == 200)
      await edge.stopServices()
      let away = try edge.ask("GET", "/api/billing/subscriptions/abc", token: token)
      try expect(away, 503, "SERVICE_UNAVAILABLE")
      #expect(away.fields["retry-after"] == "1")
    }
  }

  @Test(
    "a header that may stand once and stands twice is refused by its name, before anything else",
    arguments: [
      "X-Tenant-ID", "Authorization", "Idempotency-Key", "Content-Type", "X-Request-ID", "Origin",
      "Access-Control-Request-Method",
    ])
  func repeatedHeader(_ name: String) async throws {
    try await withEdge { edge in
      for values in [("a", "a"), ("a", "b")] {
        let answer = try edge.ask(
          "POST", "/api/billing/subscriptions", tenant: nil,
          fields: ["\(name): \(values.0)", "\(name.lowercased()): \(values.1)"],
          body: "{}")
        try expect(answer, 400, "VALIDATION_ERROR", field: name)
      }
    }
  }

  @Test("a list on several lines is one list")
  func listOnLines() async throws {
    try await withEdge { edge in
      let answer = try edge.ask(
        "GET", "/api/billing/subscriptions/versioned", token: edge.token(),
        fields: ["if-none-match: \"1\"", "if-none-match: \"7\""])
      #expect(answer.status == 304)
      let stale = try edge.ask(
        "PATCH", "/api/billing/subscriptions/x", token: edge.token(), fields: ["if-match: \"0\"", "if-match: \"1\""],
        body: #"{"autoRenew":true}"#)
      #expect(stale.body.contains("\"id\":\"x\""), "the service was given the list: \(stale.body)")
    }
  }

  @Test("whatever a request calls things, an error quotes little of it")
  func excerpts() async throws {
    try await withEdge { edge in
      let token = edge.token()
      let long = String(repeating: "é", count: 100_000)
      let plans = "/api/billing/subscriptions"
      var answers = [
        try edge.ask("POST", plans, token: token, body: "{\"\(long)\":1}"),
        try edge.ask("POST", plans, token: token, body: "{\"metadata\":{\"\(long)\":1,\"\(long)\":2}}"),
        try edge.ask("POST", plans, token: token, body: "{\"planId\":\"\(long)\\u0000\"}"),
      ]
      let name = String(repeating: "a", count: 4000)
      answers.append(try edge.ask("GET", "\(plans)?\(name)=1", token: token))
      answers.append(try edge.ask("GET", "\(plans)?\(name)=1&\(name)=2", token: token))
      for answer in answers {
        #expect(answer.status == 400)
        #expect(answer.body.utf8.count < 1200, "\(answer.body.utf8.count) bytes")
        _ = try object(answer)
      }
    }
  }

  @Test("the permission is asked for before the body is looked at")
  func permissionFirst() async throws {
    try await withEdge { edge in
      let viewer = edge.token(.viewer)
      for (type, body) in [("application/json", "{"), ("text/plain", "x"), ("application/json", #"{"nope":1}"#)] {
        let answer = try edge.ask(
          "POST", "/api/billing/subscriptions", token: viewer, fields: ["content-type: \(type)"], body: body)
        try expect(answer, 403, "FORBIDDEN")
      }
    }
  }

  @Test("who may not pass is told so before the body is sent", arguments: [false, true])
  func refusedBeforeBody(waits: Bool) async throws {
    try await withEdge { edge in
      let path = "/api/billing/subscriptions"
      let viewer = ["authorization: Bearer \(edge.token(.viewer))", "x-tenant-id: \(EdgeWorld.tenant)"]
      let cases: [(path: String, fields: [String], status: Int)] = [
        (path, [], 401), (path, viewer, 403), ("/api/nothing", [], 404), ("/health", [], 405),
        (
          path, ["authorization: Bearer \(edge.token())", "x-tenant-id: \(EdgeWorld.tenant)", "content-type: a/b"], 415
        ),
      ]
      for (path, fields, status) in cases {
        let client = try RawClient(port: edge.port)
        let expect = waits ? ["expect: 100-continue"] : []
        client.send(
          (["POST \(path) HTTP/1.1", "host: edge", "content-length: 1000000"] + expect + fields).joined(
            separator: "\r\n") + "\r\n\r\n")
        let answer = try client.readAnswer()
        #expect(answer.status == status && answer.fields["connection"] == "close", "\(path): \(answer)")
      }
    }
  }

  @Test(
    "two spellings of a path are one resource",
    arguments: [
      "/api/billing/%73ubscriptions/abc", "/api/%62illing/subscription%73/%61bc", "/api/./billing/subscriptions/abc",
      "/api/billing/plans/../subscriptions/abc", "/api/billing/%2E/subscriptions/%61%62c",
    ])
  func samePath(_ path: String) async throws {
    try await withEdge { edge in
      let answer = try edge.ask("GET", path, token: edge.token())
      #expect(answer.status == 200 && answer.body.contains("\"id\":\"abc\""), "\(answer.body)")
    }
  }

  @Test("an escaped slash or percent sign is data, decoded once")
  func escapedData() async throws {
    try await withEdge { edge in
      let token = edge.token()
      let slash = try edge.ask("GET", "/api/billing/subscriptions/a%2fb", token: token)
      #expect(slash.body.contains("\"id\":\"a/b\""))
      let percent = try edge.ask("GET", "/api/billing/subscriptions/%2561", token: token)
      #expect(percent.body.contains("\"id\":\"%61\""))
      #expect(try edge.ask("GET", "/api/billing%2Fsubscriptions/abc", token: token).status == 404)
    }
  }

  @Test("an enumeration in a query is a spelling or a number, as in a body")
  func enumerationByNumber() async throws {
    try await withEdge { edge in
      for status in ["2", "cancelled"] {
        let answer = try edge.ask("GET", "/api/billing/subscriptions?status=\(status)", token: edge.token())
        #expect(answer.body.contains("\"status\":\"cancelled\""), "\(answer.body)")
      }
    }
  }

  @Test("a body with a content coding is refused, and told which is taken")
  func contentCoding() async throws {
    try await withEdge { edge in
      let token = edge.token()
      for coding in ["gzip", "identity, gzip", "br"] {
        let answer = try edge.ask(
          "POST", "/api/billing/subscriptions", token: token, fields: ["content-encoding: \(coding)"], body: "{}")
        try expect(answer, 415, "UNSUPPORTED_MEDIA_TYPE", field: "Content-Encoding")
        #expect(answer.fields["accept-encoding"] == "identity")
      }
      let plain = try edge.ask(
        "POST", "/api/billing/subscriptions", token: token, fields: ["content-encoding: Identity"],
        body: #"{"planId":"x"}"#)
      #expect(plain.status == 201)
    }
  }

  @Test("what the caller has seen already is 304 with its tag, what it no longer finds 412")
  func conditions() async throws {
    try await withEdge { edge in
      let token = edge.token()
      let path = "/api/billing/subscriptions/versioned"
      let first = try edge.ask("GET", path, token: token)
      #expect(first.status == 200 && first.fields["etag"] == "\"7\"")
      for (value, status) in [("\"7\"", 304), ("W/\"7\"", 304), ("\"6\", \"7\"", 304), ("*", 304), ("\"8\"", 200)] {
        let answer = try edge.ask("GET", path, token: token, fields: ["if-none-match: \(value)"])
        #expect(answer.status == status && answer.fields["etag"] == "\"7\"", "\(value)")
        if status == 304 { #expect(answer.fields["content-length"] == nil && answer.body.isEmpty) }
        #expect(
          try edge.ask("HEAD", path, token: token, fields: ["if-none-match: \(value)"], readsBody: false).status
            == status)
      }
      try expect(
        try edge.ask("GET", path, token: token, fields: ["if-match: \"6\""]), 412, "VERSION_MISMATCH", field: "If-Match"
      )
      #expect(try edge.ask("GET", path, token: token, fields: ["if-match: \"7\""]).status == 200)
      try expect(
        try edge.ask("GET", path, token: token, fields: ["if-none-match: 7"]), 400, "VALIDATION_ERROR",
        field: "If-None-Match")
      try expect(
        try edge.ask("PATCH", path, token: token, fields: ["if-none-match: *"], body: "{}"), 400, "VALIDATION_ERROR",
        field: "If-None-Match")
      let document = try edge.ask("GET", "/openapi.json")
      let tag = try #require(document.fields["etag"])
      #expect(try edge.ask("GET", "/openapi.json", fields: ["if-none-match: \(tag)"]).status == 304)
    }
  }

  @Test("OPTIONS tells the methods of everything there is")
  func options() async throws {
    try await withEdge { edge in
      for (target, allow) in [
        ("*", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"), ("/health", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"), ("/api/billing/subscriptions/x", "GET, PATCH, HEAD, OPTIONS"),
      ] {
        let answer = try edge.ask("OPTIONS", target, tenant: nil)
        #expect(answer.status == 204 && answer.fields["allow"] == allow, "\(target): \(answer.fields)")
      }
      #expect(try edge.ask("DELETE", "/health").fields["allow"] == "GET, HEAD, OPTIONS")
      #expect(try edge.ask("OPTIONS", "/nothing").status == 404)
    }
  }

  @Test("429 is for the caller's own limit; a service that sheds load is 503, a reply nobody can show 500")
  func limits() async throws {
    try await withEdge(adjusting: { $0.limits.replyBytes = 50_000 }) { edge in
      let token = edge.token()
      func ask(_ id: String) throws -> RawClient.Answer {
        try edge.ask("GET", "/api/billing/subscriptions/\(id)", token: token)
      }
      let shedding = try ask("shedding")
      try expect(shedding, 503, "SERVICE_UNAVAILABLE")
      #expect(shedding.fields["retry-after"] == "1")
      let limited = try ask("limited")
      try expect(limited, 429, "RATE_LIMIT_EXCEEDED")
      #expect(limited.fields["retry-after"] == "7")
      try expect(try ask("large"), 500, "INTERNAL_SERVER_ERROR")
      let deep = try ask("deep")
      #expect(deep.status == 200 && deep.body.contains("{\"a\":{\"a\":{\"a\":"), "\(deep.body.prefix(300))")
    }
  }

  @Test("more requests at a time than the edge answers are 503")
  func overload() async throws {
    try await withEdge(adjusting: {
      $0.limits.requestsPerLoop = 0
    }) { edge in
      let answer = try edge.ask("GET", "/health")
      try expect(answer, 503, "SERVICE_UNAVAILABLE")
      #expect(answer.fields["retry-after"] == "1")
    }
  }

  @Test("an answer to GET is compressed for who takes that, under a tag of its own")
  func compression() async throws {
    try await withEdge { edge in
      let token = edge.token()
      let path = "/api/billing/subscriptions/large"
      for encoding in ["gzip", "br, gzip;q=0.5", "*"] {
        let url = "http://127.0.0.1:\(edge.port)\(path)"
        let result = try runProcess(
          "curl",
          [
            "-s", "--http1.1", "--compressed", "-H", "accept-encoding: \(encoding)", "-H",
            "authorization: Bearer \(token)",
            "-H", "x-tenant-id: \(EdgeWorld.tenant)", "-w", "%{size_download} %header{content-encoding} %header{vary}",
            url,
          ])
        #expect(result.outputText.contains(String(repeating: "x", count: 100_000)))
        #expect(result.outputText.hasSuffix(" gzip accept-encoding"), "\(result.outputText.suffix(60))")
        let size = result.outputText.split(separator: "}").last?.split(separator: " ").first.flatMap { Int($0) }
        #expect(size.map { $0 < 1000 } == true)
      }
      // Too small, not wanted, not a GET, not a success.
      for (method, path, encoding) in [
        ("GET", "/api/billing/subscriptions/abc", "gzip"), ("GET", path, "identity"), ("GET", path, "gzip;q=0"),
        ("POST", "/api/billing/subscriptions/large/cancel", "gzip"),
        ("GET", "/api/billing/subscriptions/missing", "gzip"),
      ] {
        let answer = try edge.ask(method, path, token: token, fields: ["accept-encoding: \(encoding)"])
        #expect(answer.fields["content-encoding"] == nil, "\(method) \(path) \(encoding)")
      }
      let document = try edge.ask("HEAD", "/openapi.json", fields: ["accept-encoding: gzip"], readsBody: false)
      let tag = try #require(document.fields["etag"])
      #expect(tag.hasSuffix("-gzip\"") && document.fields["content-encoding"] == "gzip")
      let seen = try edge.ask("GET", "/openapi.json", fields: ["accept-encoding: gzip", "if-none-match: \(tag)"])
      #expect(seen.status == 304 && seen.fields["etag"] == tag && seen.fields["vary"] == "accept-encoding")
    }
  }

  @Test("/health tells what can be reached")
  func health() async throws {
    try await withEdge(adjusting: { $0.limits.healthInterval = .milliseconds(20) }) { edge in
      func ask() throws -> (Int, [String: Any]) {
        let answer = try edge.ask("GET", "/health", tenant: nil)
        return (answer.status, try #require(try object(answer)["data"] as? [String: Any]))
      }
      func until(_ status: String, _ code: Int) async throws {
        while true {
          if let now = try ask().1["status"] as? String, now == status { break }
          try await Task.sleep(for: .milliseconds(10))
        }
        let (answered, data) = try ask()
        #expect(answered == code)
        let expected = status == "healthy" ? "healthy" : "unhealthy"
        #expect(data["services"] as? [String: String] == ["auth": expected, "billing": expected])
      }
      // The very first answer is true.
      let first = try ask().1["status"] as? String
      #expect(first == "healthy")
      edge.setHealth(.notServing)
      try await until("unhealthy", 503)
      edge.setHealth(.serving)
      try await until("healthy", 200)
      await edge.stopServices()
      try await until("unhealthy", 503)
    }
  }
}
