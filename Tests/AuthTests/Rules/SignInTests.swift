import Postgres
import RPC
import Schema
import ServiceKit
import ServiceTesting
import Testing

@testable import Auth

@Suite("Signing in")
struct SignInTests {
  @Test("the right password gives the user, a token that says so, and a session that stands")
  func success() async throws {
    let world = try await AuthWorld()
    let id = try world.database.addUser(
      "ada@acme.test", role: "BILLING_ADMIN", passwordHash: #require(AuthWorld.passwordHash))
    let login = try await world.login("Ada@ACME.test")
    let user = try #require(login.user)
    #expect(user.id == id)
    #expect(user.email == "ada@acme.test")
    #expect(user.tenantID == AuthWorld.acme)
    #expect(user.role == .billingAdmin)
    #expect(user.status == .active)
    #expect(user.firstName == "Ada")
    #expect(user.emailVerified)
    #expect(user.lastLoginAt?.seconds == world.time.clock.now.seconds)
    #expect(login.expiresIn == 86_400)
    #expect(login.refreshExpiresIn == 2_592_000)
    let claims = try world.tokens.verify(Array(login.accessToken.utf8)[...], now: world.time.clock.now.seconds)
    #expect(claims.subject == id)
    #expect(claims.tenantID == AuthWorld.acme)
    #expect(claims.role == "BILLING_ADMIN")
    #expect(claims.sessionID == login.sessionID)
    #expect(claims.expiresAt - claims.issuedAt == 86_400)
    #expect(try await world.check(login).state == .active)
    let me = try await world.client.me(AuthV1.MeRequest(), options: world.options(for: login))
    #expect(me == user)
    #expect(try world.database.sql("SELECT event FROM auth.audit_events") == "authn_login_success")
    try await world.end()
  }

  @Test(
    "an address is the same in capitals, in any alphabet",
    arguments: [("Élan@Acme.test", "éLAN@acme.TEST"), ("ИВАН@acme.test", "иван@acme.test")])
  func alphabets(_ stored: String, _ typed: String) async throws {
    let world = try await AuthWorld()
    try world.database.addUser(stored, passwordHash: #require(AuthWorld.passwordHash))
    for address in [stored, typed] { #expect(try await world.login(address).user?.email == stored) }
    try await world.end()
  }

  @Test("a wrong password and an address nobody has get one and the same answer")
  func wrong() async throws {
    let world = try await AuthWorld()
    try world.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    let wrong = await refusal { try await world.login("ada@acme.test", "Wrong-Passw0rd") }
    let unknown = await refusal { try await world.login("nobody@acme.test", "Wrong-Passw0rd") }
    #expect(wrong == .invalidCredentials)
    #expect(unknown == wrong)
    #expect(await refusal { try await world.login("ada@acme.test", AuthWorld.password.lowercased()) } == wrong)
    #expect(try world.database.sql("SELECT count(*) FROM auth.sessions") == "0")
    try await world.end()
  }

  @Test(
    "who may not act is told so, but only with the right password",
    arguments: [("INACTIVE", "ACTIVE"), ("SUSPENDED", "ACTIVE"), ("PENDING", "ACTIVE"), ("ACTIVE", "SUSPENDED")])
  func inactive(_ user: String, _ tenant: String) async throws {
    let world = try await AuthWorld()
    try world.database.addUser("ada@acme.test", status: user, passwordHash: #require(AuthWorld.passwordHash))
    try world.database.sql("UPDATE auth.tenants SET status = '\(tenant)'")
    #expect(await refusal { try await world.login("ada@acme.test", "Wrong-Passw0rd") } == .invalidCredentials)
    #expect(await refusal { try await world.login("ada@acme.test") } == .accountSuspended)
    #expect(try world.database.sql("SELECT count(*) FROM auth.sessions") == "0")
    try await world.end()
  }

  @Test("after too many attempts an address must wait, whether somebody has it or not; the wait ends and doubles")
  func attempts() async throws {
    let world = try await AuthWorld { $0.freeAttempts = 3 }
    try world.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    for address in ["ada@acme.test", "nobody@acme.test"] {
      var waits: [Int] = []
      for _ in 0..<3 {
        #expect(await refusal { try await world.login(address, "Wrong-Passw0rd") } == .invalidCredentials)
      }
      for _ in 0..<4 {
        let refused = try #require(await refusal { try await world.login(address, "Wrong-Passw0rd") })
        #expect(refused.code == "RATE_LIMIT_EXCEEDED")
        #expect(refused.status == .resourceExhausted)
        let wait = try #require(refused.retryAfter)
        waits.append(wait)
        world.time.advance(by: .seconds(wait))
        #expect(await refusal { try await world.login(address, "Wrong-Passw0rd") } == .invalidCredentials)
      }
      #expect(waits == [1, 2, 4, 8], "\(address)")
    }
    // The right password does not help while the wait lasts, and ends it afterwards.
    #expect(await refusal { try await world.login("ada@acme.test") }?.code == "RATE_LIMIT_EXCEEDED")
    world.time.advance(by: .seconds(60))
    _ = try await world.login("ada@acme.test")
    for _ in 0..<3 {
      #expect(await refusal { try await world.login("ada@acme.test", "Wrong-Passw0rd") } == .invalidCredentials)
    }
    try await world.end()
  }

  @Test("an address has one counter, whatever its case is to the database")
  func oneCounter() async throws {
    let world = try await AuthWorld { $0.freeAttempts = 2 }
    try world.database.addUser("viewer@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    let spellings = ["viewer@acme.test", "VIEWER@acme.test", "Viewer@ACME.TEST", "v\u{130}ewer@acme.test"]
    for spelling in spellings { _ = await refusal { try await world.login(spelling, "Wrong-Passw0rd") } }
    let accounts = try world.database.lines(
      "SELECT DISTINCT lower(a) FROM unnest(ARRAY[\(spellings.map { "'\($0)'" }.joined(separator: ", "))]) a")
    #expect(try world.database.sql("SELECT count(*) FROM auth.sign_in_attempts") == "\(accounts.count)")
    try await world.end()
  }

  @Test("a password that is changed while it is compared opens no session, and the change stays")
  func changedMeanwhile() async throws {
    let world = try await AuthWorld { $0.passwordCost = Bcrypt.costs.lowerBound + 1 }
    let old = try #require(AuthWorld.passwordHash)
    try world.database.addUser("ada@acme.test", passwordHash: old)
    // Another session holds the user's row until it has changed the password.
    let new = try Bcrypt.hash("N3w-Passw0rd", salt: [UInt8](repeating: 3, count: 16), cost: Bcrypt.costs.lowerBound)
    let blocker = try world.database.hold("UPDATE auth.users SET password_hash = '\(new)'")
    let login = Task { await refusal { try await world.login("ada@acme.test") } }
    #expect(try await eventually { try world.database.isAnybodyWaiting() })
    blocker.release(committing: true)
    #expect(await login.value == .invalidCredentials)
    #expect(try world.database.sql("SELECT password_hash FROM auth.users") == new)
    #expect(try world.database.sql("SELECT count(*) FROM auth.sessions") == "0")
    try await world.end()
  }

  @Test("attempts at the same moment are all counted")
  func concurrentAttempts() async throws {
    let world = try await AuthWorld { $0.freeAttempts = 5 }
    try world.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    let codes = await withTaskGroup(of: String?.self) { tasks in
      for _ in 0..<40 {
        tasks.addTask { await refusal { try await world.login("ada@acme.test", "Wrong-Passw0rd") }?.code }
      }
      return await tasks.reduce(into: [:]) { counts, code in counts[code ?? "", default: 0] += 1 }
    }
    #expect(codes == ["INVALID_CREDENTIALS": 5, "RATE_LIMIT_EXCEEDED": 35])
    try await world.end()
  }

  @Test(
    "input that cannot be right is told by field",
    arguments: [
      ("", "x", "email"), ("ada", "x", "email"), (String(repeating: "a", count: 250) + "@b.test", "x", "email"),
      ("ada@acme.test", "", "password"), ("ada@acme.test", String(repeating: "x", count: 73), "password"),
    ])
  func validation(_ email: String, _ password: String, _ field: String) async throws {
    let world = try await AuthWorld()
    let refused = await refusal { try await world.login(email, password) }
    #expect(refused?.code == "VALIDATION_ERROR", "\(refused?.message ?? "no refusal")")
    #expect(refused?.field == field)
    try await world.end()
  }

  @Test("a hash made with less work than is wanted today is renewed, once")
  func rehash() async throws {
    let world = try await AuthWorld { $0.passwordCost = 11 }
    try world.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    _ = try await world.login("ada@acme.test")
    let renewed = try world.database.sql("SELECT password_hash FROM auth.users")
    #expect(Bcrypt.cost(of: renewed) == 11)
    _ = try await world.login("ada@acme.test")
    #expect(try world.database.sql("SELECT password_hash FROM auth.users") == renewed)
    try await world.end()
  }

  @Test("the demo data's password is good in development only", arguments: [true, false])
  func demoPassword(_ isDevelopment: Bool) async throws {
    let world = try await AuthWorld(process: { $0.mode = isDevelopment ? .development : .production })
    try world.database.addUser("admin@acme.test", passwordHash: DemoPassword.hash)
    let refused = await refusal { try await world.login("admin@acme.test", DemoPassword.text) }
    #expect(refused == (isDevelopment ? nil : .invalidCredentials))
    try await world.end()
  }
}
