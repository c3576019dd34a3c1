import Postgres
import Schema
import Synchronization
import Testing

@testable import ServiceKit

/// A clock whose hands a test turns.
final class TestClock: Sendable {
  private let seconds = Atomic<Int64>(1_700_000_000)

  var clock: WallClock { WallClock { [self] in WallTime(seconds: seconds.load(ordering: .relaxed)) } }

  func advance(by count: Int64) { seconds.wrappingAdd(count, ordering: .relaxed) }
}

/// An edge and a service with keys, and a verifier that knows both.
struct ClaimsWorld {
  let time = TestClock()
  let edge: ClaimsSigner
  let billing: ClaimsSigner
  let verifier: ClaimsVerifier

  init(capacity: Int = 100) throws {
    let edgeKey = try Ed25519PrivateKey()
    let billingKey = try Ed25519PrivateKey()
    edge = try ClaimsSigner(issuer: "edge", key: edgeKey)
    billing = try ClaimsSigner(issuer: "billing", key: billingKey)
    verifier = ClaimsVerifier(
      keys: [
        ClaimsKey(issuer: "edge", key: try edgeKey.publicKey, scope: .users),
        ClaimsKey(issuer: "billing", key: try billingKey.publicKey, scope: .itself),
      ], clock: time.clock, capacity: capacity)
  }

  func claims(role: IdentityV1.Role = .admin, lifetime: Int64 = 60) -> IdentityV1.Claims {
    IdentityV1.Claims(
      subject: UUID.random().description, tenantID: UUID.random().description, role: role,
      sessionID: UUID.random().description,
      expiresAt: WallTime(seconds: time.clock.now.seconds + lifetime).timestamp, email: "a@b.test")
  }

  /// Verifies as the interceptor does; here the bytes stand for the wire value as well.
  func verify(_ bytes: [UInt8]) throws(ClaimsError) -> CallerClaims {
    try verifier.verify(wireValue: bytes.span.bytes) { bytes }
  }
}

@Suite("Signed claims")
struct ClaimsVerifierTests {
  @Test("what the edge signs for a user is read back")
  func user() throws {
    let world = try ClaimsWorld()
    let claims = world.claims(role: .billingAdmin)
    let verified = try world.verify(world.edge.sign(claims))
    #expect(verified.subjectText == claims.subject)
    #expect(verified.tenant == TenantID(claims.tenantID))
    #expect(verified.role == .billingAdmin)
    #expect(verified.session == UUID(claims.sessionID))
    #expect(verified.issuer == "edge")
    #expect(verified.email == "a@b.test")
  }

  @Test("a service speaks for itself, and for nobody else")
  func services() throws {
    let world = try ClaimsWorld()
    let own = try world.verify(world.billing.signForService(now: world.time.clock.now))
    #expect(own.subject == .service("billing") && own.tenant == nil && own.onBehalfOf == nil)
    let (tenant, user) = (TenantID(UUID.random()), UUID.random())
    let acting = try world.verify(
      world.billing.signForService(now: world.time.clock.now, tenant: tenant, onBehalfOf: user))
    #expect(acting.tenant == tenant && acting.onBehalfOf == user && acting.role == nil && acting.user == nil)
    for (tenant, user) in [("", UUID.random().description), ("x", ""), (UUID.random().description, "x")] {
      let half = IdentityV1.Claims(
        subject: "service:billing", tenantID: tenant,
        expiresAt: world.time.clock.now.advanced(by: .seconds(60)).timestamp,
        onBehalfOf: user)
      #expect(throws: ClaimsError.malformed) { try world.verify(world.billing.sign(half)) }
    }
    #expect(own.tenant == nil)
    #expect(own.role == nil)
    #expect(throws: ClaimsError.notTrusted) { try world.verify(world.billing.sign(world.claims())) }
    var other = world.claims()
    other.subject = "service:edge"
    #expect(throws: ClaimsError.notTrusted) { try world.verify(world.billing.sign(other)) }
    other.subject = "service:billing"
    #expect(throws: ClaimsError.notTrusted) { try world.verify(world.edge.sign(other)) }
  }

  @Test("not one bit of a signed value can be changed")
  func tampering() throws {
    let world = try ClaimsWorld()
    let value = try world.edge.sign(world.claims())
    let good = try world.verify(value)
    for index in value.indices {
      for bit in [UInt8(1), 0x20, 0x80] {
        var changed = value
        changed[index] ^= bit
        // A flip in a length may leave a field out that is then another's; it must never give other claims.
        let result = try? world.verify(changed)
        #expect(result == nil, "byte \(index), bit \(bit)")
      }
    }
    for count in 0..<value.count { #expect((try? world.verify(Array(value.prefix(count)))) == nil) }
    #expect(try world.verify(value) === good)
  }

  @Test("a stranger's key, and a known name on a stranger's key, count for nothing")
  func strangers() throws {
    let world = try ClaimsWorld()
    let stranger = try ClaimsSigner(issuer: "edge", key: Ed25519PrivateKey())
    #expect(throws: ClaimsError.notTrusted) { try world.verify(stranger.sign(world.claims())) }
    let signed = try IdentityV1.SignedClaims(serialized: stranger.sign(world.claims()))
    let ours = try IdentityV1.SignedClaims(serialized: world.edge.sign(world.claims()))
    let mixed = IdentityV1.SignedClaims(claims: signed.claims, keyID: ours.keyID, signature: signed.signature)
    #expect(throws: ClaimsError.wrongSignature) { try world.verify(mixed.serialized()) }
    let swapped = IdentityV1.SignedClaims(claims: signed.claims, keyID: ours.keyID, signature: ours.signature)
    #expect(throws: ClaimsError.wrongSignature) { try world.verify(swapped.serialized()) }
  }

  @Test("claims expire, remembered or not")
  func expiry() throws {
    let world = try ClaimsWorld()
    let value = try world.edge.sign(world.claims(lifetime: 60))
    let later = try world.edge.sign(world.claims(lifetime: 61))
    _ = try world.verify(value)
    world.time.advance(by: 59)
    _ = try world.verify(value)
    world.time.advance(by: 1)
    #expect(throws: ClaimsError.expired) { try world.verify(value) }
    _ = try world.verify(later)
    world.time.advance(by: 1)
    let fresh = try world.edge.sign(world.claims(lifetime: -1))
    #expect(throws: ClaimsError.expired) { try world.verify(fresh) }
  }

  @Test("a user's claims with a field missing are refused")
  func incomplete() throws {
    let world = try ClaimsWorld()
    var broken: [IdentityV1.Claims] = []
    for change in 0..<6 {
      var claims = world.claims()
      switch change {
      case 0: claims.subject = "someone"
      case 1: claims.tenantID = ""
      case 2: claims.role = .unspecified
      case 3: claims.sessionID = ""
      case 4: claims.expiresAt = nil
      default: claims.role = .unrecognized(77)
      }
      broken.append(claims)
    }
    for claims in broken { #expect(throws: ClaimsError.malformed) { try world.verify(world.edge.sign(claims)) } }
  }

  @Test("a value is verified once, and no more values are remembered than allowed")
  func memory() throws {
    let world = try ClaimsWorld(capacity: 10)
    let first = try world.edge.sign(world.claims())
    let verified = try world.verify(first)
    #expect(try world.verify(first) === verified)
    for _ in 0..<50 {
      _ = try world.verify(world.edge.sign(world.claims()))
      #expect(world.verifier.rememberedCount <= 10)
      // What is asked for again and again stays.
      #expect(try world.verify(first) === verified)
    }
    for index in 0..<20 {
      #expect(throws: ClaimsError.malformed) { try world.verify([UInt8](repeating: 0xFF, count: index + 1)) }
    }
    #expect(world.verifier.rememberedCount <= 10)
  }
}
