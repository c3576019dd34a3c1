import Foundation
import Testing

@Suite("Signing in, over REST")
struct SignInTests {
  @Test("the answer to a sign-in is the documented one")
  func signIn() throws {
    let reply = try RestClient.stranger().post(
      "/api/auth/login", #"{"email":"admin@acme.test","password":"Demo-Passw0rd"}"#)
    #expect(reply.status == 200)
    #expect(reply.json["success"] == .bool(true))
    #expect(reply.json["timestamp"].text?.hasSuffix("Z") == true)
    #expect(reply.data["expiresIn"].integer == 86_400)
    #expect(reply.data["sessionId"].text.flatMap(UUID.init(uuidString:)) != nil)
    #expect(reply.data["refreshToken"].text?.isEmpty == false)
    let user = reply.data["user"]
    #expect(user["email"] == .string("admin@acme.test"))
    #expect(user["tenantId"] == .string(RestClient.acme))
    #expect(user["role"] == .string("ADMIN"))
    #expect(user["status"] == .string("ACTIVE"))
    #expect(user.keys.isDisjoint(with: ["password", "passwordHash"]))
  }

  @Test("the access token holds the documented claims")
  func claims() throws {
    let token = try RestClient.signedIn("viewer@acme.test").token ?? ""
    let parts = token.split(separator: ".").map(String.init)
    try #require(parts.count == 3)
    let padded = parts[1].replacing("-", with: "+").replacing("_", with: "/")
    let bytes = try #require(Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4)))
    let claims = try JSON(String(decoding: bytes, as: UTF8.self))
    #expect(claims["email"] == .string("viewer@acme.test"))
    #expect(claims["tenantId"] == .string(RestClient.acme))
    #expect(claims["role"] == .string("VIEWER"))
    let issued = try #require(claims["iat"].integer)
    #expect(claims["exp"].integer == issued + 86_400)
  }

  @Test(
    "every demo user signs in with its role",
    arguments: [
      ("admin@acme.test", "ADMIN"), ("billing@acme.test", "BILLING_ADMIN"), ("user@acme.test", "USER"),
      ("viewer@acme.test", "VIEWER"), ("admin@globex.test", "ADMIN"), ("root@cloudbill.test", "SUPER_ADMIN"),
    ])
  func roles(email: String, role: String) throws {
    let reply = try RestClient.signedIn(email).get("/api/auth/me")
    #expect(reply.status == 200)
    #expect(reply.data["email"] == .string(email))
    #expect(reply.data["role"] == .string(role))
  }

  @Test(
    "a wrong password and an unknown address get the same answer",
    arguments: ["nobody@acme.test", "wrong-password@acme.test", "user@acme.test"])
  func refused(email: String) throws {
    let reply = try RestClient.stranger().post("/api/auth/login", #"{"email":"\#(email)","password":"Wrong-Passw0rd"}"#)
    #expect(reply.status == 401)
    #expect(reply.json["success"] == .bool(false))
    #expect(reply.error["code"] == .string("INVALID_CREDENTIALS"))
    #expect(reply.json["timestamp"].text != nil)
  }

  @Test("a missing password is a validation error that names the field")
  func missingPassword() throws {
    let reply = try RestClient.stranger().post("/api/auth/login", #"{"email":"admin@acme.test"}"#)
    #expect(reply.status == 400)
    #expect(reply.error["code"] == .string("VALIDATION_ERROR"))
    #expect(reply.error["field"] == .string("password"))
  }

  @Test("a refresh token gives new tokens once; used again, it ends the session")
  func refresh() throws {
    let stranger = try RestClient.stranger()
    let first = try stranger.post("/api/auth/login", #"{"email":"billing@acme.test","password":"Demo-Passw0rd"}"#)
    let old = try #require(first.data["refreshToken"].text)
    let second = try stranger.post("/api/auth/refresh", #"{"refreshToken":"\#(old)"}"#)
    #expect(second.status == 200)
    let new = try #require(second.data["refreshToken"].text)
    #expect(new != old)
    var client = stranger
    client.token = second.data["accessToken"].text
    client.tenant = RestClient.acme
    #expect(try client.get("/api/auth/me").status == 200)
    #expect(try stranger.post("/api/auth/refresh", #"{"refreshToken":"no such token"}"#).status == 401)
  }

  @Test("after signing out the token is worth nothing, at once")
  func signOut() throws {
    let client = try RestClient.signedIn("user@acme.test")
    #expect(try client.get("/api/auth/me").status == 200)
    let reply = try client.post("/api/auth/logout")
    #expect([200, 204].contains(reply.status))
    // Another event loop of the edge may believe the session for some seconds: that is its documented memory.
    let mesh = try RunningMesh.shared.get()
    try mesh.eventually("signed out", within: 15) { try client.get("/api/auth/me").status == 401 }
  }

  @Test(
    "what is no token of ours is refused",
    arguments: [
      "", "Bearer", "Bearer x", "Basic YTpi",
      // Header {"alg":"none"}, claims {}.
      "Bearer eyJhbGciOiJub25lIn0.e30.",
    ])
  func badToken(header: String) throws {
    let reply = try RestClient.stranger().get(
      "/api/auth/me", headers: ["Authorization: \(header)", "X-Tenant-ID: \(RestClient.acme)"])
    #expect(reply.status == 401)
    #expect(reply.error["code"] == .string("UNAUTHORIZED"))
  }
}
