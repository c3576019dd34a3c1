import Postgres
import RPC
import Schema
import Testing

@testable import ServiceKit

@Suite("Who may call")
struct ClaimsInterceptorTests {
  @Test("every method of the schema, called by every role, by a service, by nobody")
  func everyMethod() async throws {
    let server = try await PolicyServer()
    for (path, policy) in MethodPolicies.all {
      for role in Role.allCases {
        let claims = server.claims.claims(role: role.message)
        let outcome = await server.call(path, claims: try server.claims.edge.sign(claims))
        switch policy.access {
        case .open: #expect(outcome == .answered(tenant: ""), "\(role) \(path)")
        case .session: #expect(outcome == .answered(tenant: claims.tenantID), "\(role) \(path)")
        case .service: #expect(outcome == .forbidden, "\(role) \(path)")
        case .permission(let text):
          let permission = try #require(Permission(text))
          #expect(
            outcome == (role.grants(permission) ? .answered(tenant: claims.tenantID) : .forbidden), "\(role) \(path)")
        }
      }
      try await checkServices(server, path, policy)
      let nobody = await server.call(path, claims: nil)
      #expect(policy.access == .open ? nobody.isAnswer : nobody == .unauthorized, "\(path)")
      if policy.access == .service { #expect(!policy.services.isEmpty, "\(path) may be called by nobody") }
    }
    await server.stop()
  }

  /// Calls as every service there is, for no tenant, for one, and for one of its users.
  private func checkServices(_ server: PolicyServer, _ path: String, _ policy: MethodPolicy) async throws {
    let (tenant, user) = (TenantID(UUID.random()), UUID.random())
    for signer in [server.claims.edge, server.claims.billing] {
      for (tenant, user) in [(nil, nil), (tenant, nil), (tenant, user)] as [(TenantID?, UUID?)] {
        let claims = try signer.signForService(now: server.claims.time.clock.now, tenant: tenant, onBehalfOf: user)
        let outcome = await server.call(path, claims: claims)
        let expected: PolicyServer.Outcome =
          policy.access == .open
          ? .answered(tenant: "")
          : policy.services.contains(signer.issuer) ? .answered(tenant: tenant?.description ?? "") : .forbidden
        #expect(outcome == expected, "\(signer.issuer) \(path)")
        guard expected != .forbidden, policy.access != .open else { continue }
        let other = await server.call(path, claims: claims, tenant: UUID.random().description)
        #expect(other == .tenantDenied, "\(signer.issuer) \(path)")
      }
    }
  }

  @Test("whatever a policy says of users, a service gets in only where it is named, and naming it lets no user in")
  func everyPolicy() async throws {
    let accesses: [MethodAccess] = [.open, .session, .permission("plans:read"), .permission("nonsense"), .service]
    var policies: [String: MethodPolicy] = [:]
    for (number, access) in accesses.enumerated() {
      for (place, services) in [[], ["edge"], ["billing"], ["edge", "billing"], ["payment"]].enumerated() {
        policies["/cloudbill.test.v1.Test/M\(number)x\(place)"] = MethodPolicy(
          access: access, idempotency: .unspecified, retry: nil, services: Set(services))
      }
    }
    let server = try await PolicyServer(policies: policies)
    for (path, policy) in policies {
      try await checkServices(server, path, policy)
      for role in Role.allCases {
        let claims = server.claims.claims(role: role.message)
        let outcome = await server.call(path, claims: try server.claims.edge.sign(claims))
        let mayCall: Bool
        switch policy.access {
        case .open, .session: mayCall = true
        case .service: mayCall = false
        case .permission(let text): mayCall = Permission(text).map { role.grants($0) } ?? false
        }
        #expect(mayCall ? outcome.isAnswer : outcome == .forbidden, "\(role) \(policy)")
      }
    }
    await server.stop()
  }

  @Test("a method that the schema does not name may be called by nobody")
  func stray() async throws {
    let server = try await PolicyServer()
    for role in Role.allCases {
      let claims = try server.claims.edge.sign(server.claims.claims(role: role.message))
      #expect(await server.call(PolicyServer.strayPath, claims: claims) == .forbidden)
    }
    #expect(await server.call(PolicyServer.strayPath, claims: nil) == .forbidden)
    await server.stop()
  }

  @Test("anyone may ask for the health")
  func health() async throws {
    let server = try await PolicyServer()
    let reply = try await server.channel.unaryBytes(
      path: "/grpc.health.v1.Health/Check", message: [], options: CallOptions(deadline: .after(.seconds(30))))
    #expect(!reply.message.isEmpty)
    await server.stop()
  }

  @Test("metadata may repeat the tenant; only a super admin may name another one")
  func tenants() async throws {
    let server = try await PolicyServer()
    let path = "/cloudbill.billing.v1.Billing/GetSubscription"
    let other = UUID.random().description
    for role in [Role.admin, .billingAdmin, .viewer, .superAdmin] {
      let claims = server.claims.claims(role: role.message)
      let signed = try server.claims.edge.sign(claims)
      #expect(await server.call(path, claims: signed) == .answered(tenant: claims.tenantID))
      #expect(
        await server.call(path, claims: signed, tenant: claims.tenantID) == .answered(tenant: claims.tenantID))
      #expect(
        await server.call(path, claims: signed, tenant: claims.tenantID.uppercased())
          == .answered(tenant: claims.tenantID))
      let asOther = await server.call(path, claims: signed, tenant: other)
      #expect(asOther == (role == .superAdmin ? .answered(tenant: other) : .tenantDenied), "\(role)")
      for text in ["x", other + "0", "'; DROP TABLE users; --"] {
        #expect(await server.call(path, claims: signed, tenant: text) == .tenantDenied, "\(role) \(text)")
      }
    }
    await server.stop()
  }

  @Test("claims that are expired, changed, cut or a stranger's are refused, remembered or not")
  func badClaims() async throws {
    let server = try await PolicyServer()
    let path = "/cloudbill.auth.v1.Auth/Me"
    let good = try server.claims.edge.sign(server.claims.claims(lifetime: 60))
    #expect(await server.call(path, claims: good).isAnswer)
    #expect(await server.call(path, claims: good).isAnswer)
    var changed = good
    changed[20] ^= 1
    #expect(await server.call(path, claims: changed) == .unauthorized)
    #expect(await server.call(path, claims: Array(good.dropLast())) == .unauthorized)
    #expect(await server.call(path, claims: []) == .unauthorized)
    let stranger = try ClaimsSigner(issuer: "edge", key: Ed25519PrivateKey())
    #expect(await server.call(path, claims: try stranger.sign(server.claims.claims())) == .unauthorized)
    server.claims.time.advance(by: 60)
    #expect(await server.call(path, claims: good) == .unauthorized)
    await server.stop()
  }
}
