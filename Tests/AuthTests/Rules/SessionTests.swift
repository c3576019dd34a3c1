import Postgres
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Auth

@Suite("Sessions")
struct SessionTests {
  private func world(
    _ role: String = "ADMIN", adjusting adjust: (inout AuthConfiguration) -> Void = { _ in }
  ) async throws -> (AuthWorld, AuthV1.LoginResponse) {
    let world = try await AuthWorld(adjusting: adjust)
    try world.database.addUser("ada@acme.test", role: role, passwordHash: #require(AuthWorld.passwordHash))
    return (world, try await world.login("ada@acme.test"))
  }

  @Test("logging out ends the session and its refresh token; doing it again changes nothing")
  func logout() async throws {
    let (world, login) = try await world()
    let other = try await world.login("ada@acme.test")
    for _ in 0..<2 { _ = try await world.client.logout(AuthV1.LogoutRequest(), options: world.options(for: login)) }
    #expect(try await world.check(login).state == .ended)
    #expect(await refusal { try await world.refresh(login.refreshToken) } == .sessionEnded)
    #expect(try await world.check(other).state == .active)
    #expect(
      try world.database.sql("SELECT count(*) FROM auth.audit_events WHERE event = 'session_ended'") == "1")
    try await world.end()
  }

  @Test("a session ends when its time is over")
  func expiry() async throws {
    let (world, login) = try await world()
    world.time.advance(by: .seconds(30 * 24 * 3600 - 1))
    #expect(try await world.check(login).state == .active)
    world.time.advance(by: .seconds(1))
    #expect(try await world.check(login).state == .ended)
    #expect(await refusal { try await world.refresh(login.refreshToken) } == .sessionEnded)
    try await world.end()
  }

  @Test("refreshing gives new tokens of the same session and makes it last longer")
  func refresh() async throws {
    let (world, login) = try await world()
    world.time.advance(by: .seconds(20 * 24 * 3600))
    let renewed = try await world.refresh(login.refreshToken)
    #expect(renewed.sessionID == login.sessionID)
    #expect(renewed.refreshToken != login.refreshToken)
    #expect(renewed.accessToken != login.accessToken)
    let claims = try world.tokens.verify(Array(renewed.accessToken.utf8)[...], now: world.time.clock.now.seconds)
    #expect(claims.sessionID == login.sessionID)
    world.time.advance(by: .seconds(20 * 24 * 3600))
    #expect(try await world.check(login).state == .active)
    _ = try await world.refresh(renewed.refreshToken)
    try await world.end()
  }

  @Test("a refresh token that is used again later ends the session for everybody; at once, for a lost reply, it counts")
  func reuse() async throws {
    let (world, login) = try await world()
    let first = try await world.refresh(login.refreshToken)
    world.time.advance(by: .seconds(9))
    let again = try await world.refresh(login.refreshToken)
    #expect(again.refreshToken == first.refreshToken)
    world.time.advance(by: .seconds(2))
    #expect(await refusal { try await world.refresh(login.refreshToken) } == .sessionEnded)
    #expect(try await world.check(login).state == .ended)
    #expect(await refusal { try await world.refresh(first.refreshToken) } == .sessionEnded)
    #expect(try world.database.sql("SELECT DISTINCT end_reason FROM auth.sessions") == "refresh_reuse")
    try await world.end()
  }

  @Test("a token whose successor was used ends the session at once, however soon it comes again")
  func superseded() async throws {
    let (world, login) = try await world()
    let first = try await world.refresh(login.refreshToken)
    let second = try await world.refresh(first.refreshToken)
    #expect(await refusal { try await world.refresh(login.refreshToken) } == .sessionEnded)
    #expect(try await world.check(login).state == .ended)
    #expect(await refusal { try await world.refresh(second.refreshToken) } == .sessionEnded)
    try await world.end()
  }

  @Test("a token that many use at the same moment has one successor, and ends the session when it comes again")
  func concurrentRefresh() async throws {
    let (world, login) = try await world()
    let tokens = try await withThrowingTaskGroup(of: String.self) { tasks in
      for _ in 0..<20 { tasks.addTask { try await world.refresh(login.refreshToken).refreshToken } }
      return try await tasks.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(tokens.count == 1)
    #expect(try world.database.sql("SELECT count(*) FROM auth.sessions WHERE ended_at IS NULL") == "1")
    #expect(try world.database.sql("SELECT count(*) FROM auth.refresh_tokens") == "2")
    world.time.advance(by: .seconds(11))
    let codes = await withTaskGroup(of: String?.self) { tasks in
      for _ in 0..<20 { tasks.addTask { await refusal { try await world.refresh(login.refreshToken) }?.code } }
      return await tasks.reduce(into: [:]) { counts, code in counts[code ?? "", default: 0] += 1 }
    }
    #expect(codes == ["UNAUTHORIZED": 20])
    // However many came, it was noticed once.
    #expect(
      try world.database.sql("SELECT count(*) FROM auth.audit_events WHERE event = 'authn_token_reuse'") == "1")
    for token in tokens { #expect(await refusal { try await world.refresh(token) } == .sessionEnded) }
    try await world.end()
  }

  @Test("after a logout no refresh that ran beside it has left a way in")
  func refreshBesideLogout() async throws {
    let (world, login) = try await world()
    let tokens = try await withThrowingTaskGroup(of: String?.self) { tasks in
      for number in 0..<30 {
        tasks.addTask {
          if number == 15 {
            _ = try await world.client.logout(AuthV1.LogoutRequest(), options: world.options(for: login))
            return nil
          }
          do {
            return try await world.refresh(login.refreshToken).refreshToken
          } catch {
            #expect((error as? RPCError).flatMap { ServiceError($0) } == .sessionEnded, "\(error)")
            return nil
          }
        }
      }
      return try await tasks.reduce(into: [login.refreshToken]) { if let token = $1 { $0.append(token) } }
    }
    #expect(try await world.check(login).state == .ended)
    for token in tokens { #expect(await refusal { try await world.refresh(token) } == .sessionEnded) }
    #expect(try world.database.sql("SELECT end_reason FROM auth.sessions") == "logout")
    try await world.end()
  }

  @Test("a super admin does not act elsewhere without a line in the audit trail")
  func untoldCrossing() async throws {
    let (world, login) = try await world("SUPER_ADMIN")
    try world.database.sql("REVOKE INSERT ON auth.audit_events FROM auth_app")
    for _ in 0..<2 { #expect(await refusal { try await world.check(login, tenant: AuthWorld.globex) } != nil) }
    try world.database.sql("GRANT INSERT ON auth.audit_events TO auth_app")
    #expect(try await world.check(login, tenant: AuthWorld.globex).state == .active)
    let told = try world.database.sql("SELECT detail->>'actedIn' FROM auth.audit_events WHERE event = 'authz_admin'")
    #expect(told == AuthWorld.globex)
    try await world.end()
  }

  @Test("what we never gave is no refresh token")
  func malformedTokens() async throws {
    let (world, login) = try await world()
    let token = Array(login.refreshToken.utf8)
    var changed = token
    changed[40] = changed[40] == 0x41 ? 0x42 : 0x41
    let otherTenant = Array(Base64URL.encode([UInt8](repeating: 0, count: 15) + [2])) + token.dropFirst(22)
    for text in [changed, Array(token.dropLast()), token + token, otherTenant, Array("x".utf8)] {
      #expect(await refusal { try await world.refresh(String(decoding: text, as: UTF8.self)) } == .sessionEnded)
    }
    #expect(await refusal { try await world.refresh("") }?.field == "refreshToken")
    #expect(try await world.check(login).state == .active)
    try await world.end()
  }

  @Test(
    "who is suspended after signing in is stopped at the next check and the next refresh", arguments: [true, false])
  func suspended(_ wholeTenant: Bool) async throws {
    let (world, login) = try await world()
    try world.database.sql("UPDATE auth.\(wholeTenant ? "tenants" : "users") SET status = 'SUSPENDED'")
    #expect(try await world.check(login).state == .suspended)
    #expect(await refusal { try await world.refresh(login.refreshToken) } == .accountSuspended)
    try await world.end()
  }

  @Test("a check tells the role of now, not the token's")
  func currentRole() async throws {
    let (world, login) = try await world("ADMIN")
    try world.database.sql("UPDATE auth.users SET role = 'VIEWER'")
    let check = try await world.check(login)
    #expect(check.state == .active)
    #expect(check.role == .viewer)
    #expect(check.tenantID == AuthWorld.acme)
    #expect(check.email == "ada@acme.test")
    #expect(check.rememberFor?.seconds == 5)
    try await world.end()
  }

  @Test("only a super admin may act in another tenant, and only in one that exists")
  func otherTenants() async throws {
    for role in Role.allCases {
      let (world, login) = try await world(role.rawValue)
      #expect(try await world.check(login, tenant: AuthWorld.acme).state == .active)
      let expected: AuthV1.SessionState = role == .superAdmin ? .active : .tenantDenied
      #expect(try await world.check(login, tenant: AuthWorld.globex).state == expected, "\(role)")
      for tenant in [UUID.random().description, "nonsense"] {
        #expect(try await world.check(login, tenant: tenant).state == .tenantDenied, "\(role)")
      }
      // However often it is checked, the audit trail tells it once.
      _ = try await world.check(login, tenant: AuthWorld.globex)
      let told = try world.database.sql("SELECT detail->>'actedIn' FROM auth.audit_events WHERE event = 'authz_admin'")
      #expect(told == (role == .superAdmin ? AuthWorld.globex : ""))
      try await world.end()
    }
  }

  @Test("a session that is unknown, malformed or another user's has ended")
  func unknownSessions() async throws {
    let (world, login) = try await world()
    #expect(try await world.check(login, user: UUID.random().description).state == .ended)
    for id in [UUID.random().description, "", "x"] {
      var other = login
      other.sessionID = id
      #expect(try await world.check(other).state == .ended)
    }
    try await world.end()
  }

  @Test("sessions outlive the process")
  func restart() async throws {
    let (world, login) = try await world()
    try await world.end()
    let restarted = try await AuthWorld(after: world)
    #expect(try await restarted.check(login).state == .active)
    #expect(try await restarted.client.me(AuthV1.MeRequest(), options: restarted.options(for: login)) == login.user)
    _ = try await restarted.refresh(login.refreshToken)
    try await restarted.end()
  }

  @Test("without a database the answer is 503 with advice, and the service comes back with it")
  func databaseDown() async throws {
    let (world, login) = try await world()
    try world.database.cutConnections()
    for _ in 0..<5 {
      let refused = await refusal { try await world.check(login) }
      #expect(refused?.code == "SERVICE_UNAVAILABLE")
      #expect(refused?.retryAfter == 1)
    }
    try world.database.allowConnections()
    var state: AuthV1.SessionState?
    for _ in 0..<2400 where state != .active {
      state = try? await world.check(login).state
      if state != .active { try await Task.sleep(for: .milliseconds(50)) }
    }
    #expect(state == .active)
    try await world.end()
  }
}
