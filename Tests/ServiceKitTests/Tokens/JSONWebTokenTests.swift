import TestSupport
import Testing

@testable import ServiceKit

@Suite("Access tokens")
struct JSONWebTokenTests {
  private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
  private static let now: Int64 = 1_700_000_000

  private static func key(_ id: String, _ secret: [UInt8] = secret) throws -> TokenKey {
    try #require(TokenKey(id: id, secret: secret))
  }

  private static func tokens() throws -> JSONWebToken {
    JSONWebToken(
      issuer: "cloudbill", audience: "cloudbill-api", signing: try key("k2"),
      alsoAccepting: [try key("k1", Array("another secret of thirty-two bytes".utf8))])
  }

  private static let claims = TokenClaims(
    subject: "u-1", email: "a\"b@acme.test", tenantID: "t-1", role: "ADMIN", sessionID: "s-1", tokenID: "j-1",
    issuedAt: now, expiresAt: now + 86_400)

  private static func signed(_ header: String, _ payload: String, secret: [UInt8] = secret) -> [UInt8] {
    let content = Base64URL.encode(Array(header.utf8)) + [0x2E] + Base64URL.encode(Array(payload.utf8))
    return content + [0x2E] + Base64URL.encode(HMACSHA256.code(for: content[...], key: secret) ?? [])
  }

  private static let header = #"{"alg":"HS256","typ":"JWT","kid":"k2"}"#
  private static let payload =
    #"{"iss":"cloudbill","aud":"cloudbill-api","sub":"u","tenantId":"t","role":"USER","sid":"s","iat":1700000000,"exp":1700086400}"#

  private static func judge(_ token: [UInt8], now: Int64 = now) throws -> TokenError? {
    let tokens = try tokens()
    do throws(TokenError) {
      _ = try tokens.verify(token[...], now: now)
      return nil
    } catch {
      return error
    }
  }

  @Test("come back as they were signed")
  func roundTrip() throws {
    let tokens = try Self.tokens()
    #expect(try tokens.verify(tokens.sign(Self.claims)[...], now: Self.now + 1) == Self.claims)
  }

  @Test("count until the second they expire in")
  func expiry() throws {
    let token = try Self.tokens().sign(Self.claims)
    #expect(try Self.judge(token, now: Self.now + 86_399) == nil)
    #expect(try Self.judge(token, now: Self.now + 86_400) == .expired)
    #expect(try Self.judge(token, now: Self.now - 30) == nil)
    #expect(try Self.judge(token, now: Self.now - 31) == .notYetValid)
  }

  @Test("are refused when any single bit of them is changed")
  func everyBit() throws {
    let token = try Self.tokens().sign(Self.claims)
    for index in token.indices {
      for bit in 0..<8 {
        var changed = token
        changed[index] ^= 1 << bit
        #expect(try Self.judge(changed) != nil, "byte \(index) bit \(bit)")
      }
    }
  }

  @Test(
    "of another algorithm are refused",
    arguments: [
      #"{"alg":"none"}"#, #"{"alg":"hs256"}"#, #"{"alg":"HS512","kid":"k2"}"#, #"{"alg":"RS256","kid":"k2"}"#,
      #"{"kid":"k2"}"#,
      #"{"alg":"HS256","crit":["exp"]}"#, #"{"alg":"HS256","kid":"k3"}"#, #"{"alg":"HS256","kid":7}"#,
      #"{"alg":"HS256","alg":"none"}"#, #"{"alg":"HS256","typ":"JWE"}"#, #"{"alg":"HS256","jwk":{}}"#,
    ])
  func algorithms(_ header: String) throws {
    #expect([.notOurs, .malformed].contains(try Self.judge(Self.signed(header, Self.payload))))
    let unsigned = Base64URL.encode(Array(header.utf8)) + [0x2E] + Base64URL.encode(Array(Self.payload.utf8)) + [0x2E]
    #expect(try Self.judge(unsigned) != nil)
  }

  @Test("with an older key, and without a key's name, are accepted")
  func keys() throws {
    let old = Array("another secret of thirty-two bytes".utf8)
    #expect(try Self.judge(Self.signed(#"{"alg":"HS256","kid":"k1"}"#, Self.payload, secret: old)) == nil)
    #expect(try Self.judge(Self.signed(#"{"kid":"k1","alg":"HS256"}"#, Self.payload)) == .wrongSignature)
    #expect(try Self.judge(Self.signed(#"{"alg":"HS256"}"#, Self.payload)) == nil)
    #expect(TokenKey(id: "short", secret: Array(repeating: 1, count: 31)) == nil)
    #expect("\(try Self.key("k"))" == "TokenKey(k)")
  }

  @Test(
    "with other contents than ours are refused",
    arguments: [
      (payload.replacing("\"cloudbill\"", with: "\"other\""), TokenError.wrongIssuerOrAudience),
      (payload.replacing("cloudbill-api", with: "other"), .wrongIssuerOrAudience),
      (payload.replacing("\"sid\":\"s\"", with: "\"sid\":\"\""), .malformed),
      (payload.replacing("\"sid\":\"s\",", with: ""), .malformed),
      (payload.replacing("1700086400", with: "1700086400.5"), .malformed),
      (payload.replacing("1700086400", with: "\"1700086400\""), .malformed),
      (payload.replacing("1700086400", with: "99999999999999999999"), .malformed),
      (payload.replacing("\"role\"", with: "\"sub\":\"x\",\"role\""), .malformed),
      (payload + "x", .malformed), ("[]", .malformed), ("{", .malformed), ("", .malformed),
      ("{}", .wrongIssuerOrAudience),
    ])
  func contents(_ payload: String, _ expected: TokenError) throws {
    #expect(try Self.judge(Self.signed(Self.header, payload)) == expected)
  }

  @Test(
    "in another form are refused",
    arguments: ["", ".", "..", "a.b", "a.b.c.d", "====.=.=", String(repeating: "a", count: 5000)])
  func forms(_ text: String) throws {
    #expect(try Self.judge(Array(text.utf8)) == .malformed)
    #expect(try Self.judge(try Self.tokens().sign(Self.claims) + [0x3D]) == .malformed)
  }

  @Test("are the same to PyJWT, both ways")
  func pyJWT() throws {
    let token = String(decoding: try Self.tokens().sign(Self.claims), as: UTF8.self)
    let script = """
      import jwt, json, sys
      secret = b"0123456789abcdef0123456789abcdef"
      claims = jwt.decode(sys.argv[1], secret, algorithms=["HS256"], audience="cloudbill-api", issuer="cloudbill",
                          options={"verify_exp": False, "verify_iat": False})
      assert claims["email"] == 'a"b@acme.test' and claims["sid"] == "s-1", claims
      assert jwt.get_unverified_header(sys.argv[1])["kid"] == "k2"
      claims["email"] = "\\u00e9\\U0001f600"
      print(jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "k2"}), end="")
      """
    let result = try runProcess(TestEnvironment.python, ["-c", script, token])
    #expect(result.status == 0, "\(result.errorText)")
    let claims = try Self.tokens().verify(result.output[...], now: Self.now)
    #expect(claims.email == "é😀")
    #expect(claims.subject == "u-1")
  }

  @Test("base64url has one spelling a value")
  func base64() {
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)[...]) == bytes)
    }
    for text in ["A", "AB", "AA=", "A+", "A/", "AAAAA", "é"] {
      #expect(text == "AA" || Base64URL.decode(Array(text.utf8)[...]) == nil, "\(text)")
    }
  }
}
