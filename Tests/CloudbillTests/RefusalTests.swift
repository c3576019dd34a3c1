import Foundation
import Testing

@Suite("What the edge refuses, over REST")
struct RefusalTests {
  @Test("without a token it is 401, with the documented envelope")
  func noToken() throws {
    let reply = try RestClient.stranger().get("/api/billing/subscriptions")
    #expect(reply.status == 401)
    #expect(reply.json["success"] == .bool(false))
    #expect(reply.error["code"] == .string("UNAUTHORIZED"))
    #expect(reply.error["message"].text?.isEmpty == false)
    #expect(reply.json["timestamp"].text?.hasSuffix("Z") == true)
  }

  @Test("the token decides the tenant: another one in the header or the body is 403")
  func tenants() throws {
    var client = try RestClient.signedIn()
    client.tenant = RestClient.globex
    let header = try client.get("/api/billing/subscriptions")
    #expect(header.status == 403)
    #expect(header.error["code"] == .string("TENANT_ACCESS_DENIED"))
    client.tenant = nil
    #expect(try client.get("/api/billing/subscriptions").status == 403)
    client.tenant = RestClient.acme
    let body = try client.post(
      "/api/billing/subscriptions", #"{"tenantId":"\#(RestClient.globex)","planId":"pro-monthly"}"#)
    #expect(body.status == 403, "\(body.text)")
    #expect(body.error["code"] == .string("TENANT_ACCESS_DENIED"))
  }

  @Test("another tenant's subscription is not found, as if it did not exist")
  func foreign() throws {
    let acme = try RestClient.signedIn()
    let globex = try RestClient.signedIn("admin@globex.test")
    let id = try #require(try acme.get("/api/billing/subscriptions?limit=1").data[0]["id"].text)
    let foreign = try globex.get("/api/billing/subscriptions/\(id)")
    let missing = try globex.get("/api/billing/subscriptions/\(UUID().uuidString.lowercased())")
    #expect(foreign.status == 404)
    #expect(missing.status == 404)
    #expect(foreign.error == missing.error)
    #expect(try globex.post("/api/billing/subscriptions/\(id)/cancel", #"{"immediately":true}"#).status == 404)
    #expect(try acme.get("/api/billing/subscriptions/\(id)").status == 200)
  }

  @Test("a super admin names the tenant to act in")
  func superAdmin() throws {
    var client = try RestClient.signedIn("root@cloudbill.test")
    client.tenant = RestClient.globex
    let reply = try client.get("/api/billing/subscriptions?limit=1")
    #expect(reply.status == 200, "\(reply.text)")
    #expect(reply.data[0]["tenantId"] == .string(RestClient.globex))
  }

  @Test("a role without the permission is 403")
  func permission() throws {
    let reply = try RestClient.signedIn("viewer@acme.test").post(
      "/api/billing/subscriptions", #"{"planId":"pro-monthly"}"#)
    #expect(reply.status == 403, "\(reply.text)")
    #expect(reply.error["code"] == .string("FORBIDDEN"))
  }

  @Test(
    "a malformed id is not found",
    arguments: ["x", "pay_123", "00000000-0000-0000-0000-00000000000", "%00", "..%2f..", "a%20b"])
  func malformedID(id: String) throws {
    let reply = try RestClient.signedIn().get("/api/billing/subscriptions/\(id)")
    #expect(reply.status == 404 || (id == "%00" && reply.status == 400), "\(reply.text)")
  }

  @Test("an unknown route is 404; a known one with another method is 405 and says what is allowed")
  func routes() throws {
    let client = try RestClient.signedIn()
    #expect(try client.get("/api/nothing").status == 404)
    let reply = try client.send("DELETE", "/api/billing/subscriptions", nil)
    #expect(reply.status == 405)
    #expect(reply.error["code"] == .string("METHOD_NOT_ALLOWED"))
    let allowed = Set((reply.headers["allow"] ?? "").split(separator: ", "))
    #expect(allowed.isSuperset(of: ["GET", "POST"]))
  }

  @Test("a body that is not JSON is 415", arguments: ["text/plain", "application/x-www-form-urlencoded", ""])
  func contentType(type: String) throws {
    let reply = try RestClient.stranger().post(
      "/api/auth/login", #"{"email":"admin@acme.test","password":"Demo-Passw0rd"}"#, headers: ["Content-Type: \(type)"])
    #expect(reply.status == 415, "\(reply.text)")
    #expect(reply.error["code"] == .string("UNSUPPORTED_MEDIA_TYPE"))
  }

  @Test("a body over 1 MiB is 413")
  func tooLarge() throws {
    let body = #"{"email":"\#(String(repeating: "a", count: 1 << 20))"}"#
    let reply = try RestClient.stranger().post("/api/auth/login", body)
    #expect(reply.status == 413, "\(reply.text)")
  }

  @Test(
    "malformed JSON is a validation error", arguments: ["", "{", "[]", "nul", #"{"email":}"#, "{\"email\":\"\u{0}\"}"])
  func malformedJSON(body: String) throws {
    let reply = try RestClient.stranger().post("/api/auth/login", body)
    #expect(reply.status == 400, "\(reply.text)")
    #expect(reply.error["code"] == .string("VALIDATION_ERROR"))
  }

  @Test("liveness, the OpenAPI document and security fields need no sign-in")
  func open() throws {
    let stranger = try RestClient.stranger()
    let health = try stranger.get("/health")
    #expect(health.status == 200)
    #expect(health.headers["x-content-type-options"] == "nosniff")
    let document = try stranger.get("/openapi.json")
    #expect(document.status == 200)
    #expect(document.json["openapi"].text?.hasPrefix("3.1") == true)
    #expect(document.json["paths"].keys.contains("/api/billing/subscriptions"))
  }
}
