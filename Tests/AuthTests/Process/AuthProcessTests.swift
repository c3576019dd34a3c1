import Foundation
import Glibc
import Postgres
import Schema
import ServiceKit
import ServiceTesting
import Testing
import TestSupport

@testable import Auth

@Suite("Auth as a process")
struct AuthProcessTests {
  @Test("it tells its health and its figures, and of each call one line without a secret")
  func observed() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/log"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    let world = try await AuthWorld(process: { configuration in
      configuration.log = LogOutput(descriptor: descriptor)
      configuration.logsCalls = true
    })
    try world.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    var options = world.options
    options.metadata.append("request-1", for: "x-request-id")
    let login = try await world.client.login(
      AuthV1.LoginRequest(email: "ada@acme.test", password: AuthWorld.password), options: options)
    _ = try await world.client.me(AuthV1.MeRequest(), options: world.options(for: login))
    _ = await refusal { try await world.login("ada@acme.test", "Wrong-Passw0rd") }
    #expect(try await eventually { try page(world.addresses.metrics, "/health").status == 200 })
    let metrics = try page(world.addresses.metrics, "/metrics").body
    for line in [
      #"cloudbill_rpc_server_calls_total{service="auth",method="/cloudbill.auth.v1.Auth/Login",status="OK"} 1"#,
      #"cloudbill_rpc_server_calls_total{service="auth",method="/cloudbill.auth.v1.Auth/Login",status="UNAUTHENTICATED"} 1"#,
      #"cloudbill_rpc_server_call_duration_seconds_count{service="auth",method="/cloudbill.auth.v1.Auth/Login"} 2"#,
      #"cloudbill_reactor_longest_turn_seconds{service="auth",loop="auth-0"}"#,
      #"cloudbill_database_connections{service="auth"}"#, #"cloudbill_password_queue{service="auth"} 0"#,
    ] {
      #expect(metrics.contains(line), "\(line)")
    }
    try await world.end()
    close(descriptor)
    let log = try String(contentsOfFile: path, encoding: .utf8)
    let lines = try log.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
    let calls = lines.filter { $0["message"] as? String == "call" }
    #expect(calls.count == 3)
    #expect(calls[0]["request_id"] as? String == "request-1")
    #expect(calls[0]["method"] as? String == "/cloudbill.auth.v1.Auth/Login")
    #expect(calls[0]["status"] as? String == "OK")
    #expect(calls[1]["tenant"] as? String == AuthWorld.acme)
    #expect(calls[1]["user"] as? String == login.user?.id)
    #expect(calls[2]["status"] as? String == "UNAUTHENTICATED")
    #expect(lines.contains { $0["message"] as? String == "stopped" })
    for secret in [
      "ada@acme.test", AuthWorld.password, "Wrong-Passw0rd", login.accessToken, login.refreshToken, "Lovelace",
    ] {
      #expect(!log.contains(secret))
    }
  }

  @Test("its health is bad while the database is away and good again when it is back")
  func health() async throws {
    let world = try await AuthWorld()
    #expect(try await eventually { try page(world.addresses.metrics, "/health").status == 200 })
    try world.database.cutConnections()
    #expect(try await eventually { try page(world.addresses.metrics, "/health").status == 503 })
    try world.database.allowConnections()
    #expect(try await eventually { try page(world.addresses.metrics, "/health").status == 200 })
    try await world.end()
  }

  @Test("it comes up without a database, serves when there is one")
  func databaseLater() async throws {
    let earlier = try await AuthWorld()
    try earlier.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    try await earlier.end()
    try earlier.database.cutConnections()
    let world = try await AuthWorld(after: earlier)
    #expect(try page(world.addresses.metrics, "/health").status == 503)
    #expect(await refusal { try await world.login("ada@acme.test") }?.code == "SERVICE_UNAVAILABLE")
    try world.database.allowConnections()
    #expect(try await eventually { try page(world.addresses.metrics, "/health").status == 200 })
    _ = try await world.login("ada@acme.test")
    try await world.end()
  }

  @Test(
    "it refuses a database in which its role could see past its tenant",
    arguments: [
      ("ALTER ROLE $role BYPASSRLS", "bypasses row-level security"),
      ("ALTER ROLE $role SUPERUSER", "is a superuser"),
      ("ALTER TABLE auth.users NO FORCE ROW LEVEL SECURITY", "not forced on auth.users"),
      ("ALTER TABLE auth.sessions DISABLE ROW LEVEL SECURITY", "not forced on auth.sessions"),
      ("GRANT TRUNCATE ON auth.users TO auth_app", "may truncate auth.users"),
      ("CREATE TABLE public.mine (); ALTER TABLE public.mine OWNER TO $role", "owns mine"),
      ("GRANT cb_owner TO $role", "may act as cb_owner, which owns auth.users"),
      ("CREATE ROLE $role_boss SUPERUSER; GRANT $role_boss TO $role", "_boss, a superuser"),
      ("CREATE ROLE $role_boss BYPASSRLS; GRANT $role_boss TO $role", "_boss, which bypasses row-level security"),
      ("CREATE VIEW public.seen AS TABLE auth.users; GRANT SELECT ON public.seen TO auth_app", "does not guard seen"),
      ("CREATE TABLE public.bin (); GRANT DELETE ON public.bin TO auth_app", "not forced on bin"),
    ])
  func unsafe(_ change: String, _ objection: String) async throws {
    let earlier = try await AuthWorld()
    try await earlier.end()
    try earlier.database.sql(change.replacing("$role", with: earlier.database.login("auth")))
    do {
      let world = try await AuthWorld(after: earlier)
      try await world.end()
      Issue.record("it came up")
    } catch let ServiceProcessError.database(objections) {
      #expect(objections.contains { $0.contains(objection) }, "\(objections)")
    }
    // So that the role can be dropped.
    try earlier.database.sql(
      """
      DROP TABLE IF EXISTS public.mine; REVOKE TRUNCATE ON auth.users FROM auth_app;
      DROP ROLE IF EXISTS \(earlier.database.login("auth"))_boss;
      """)
  }

  @Test("a call that runs when the process is told to stop still gets its answer")
  func drain() async throws {
    let world = try await AuthWorld { $0.passwordCost = 10 }
    try world.database.addUser("ada@acme.test", passwordHash: #require(AuthWorld.passwordHash))
    // The row is held, so the sign-in is under way when the process is told to stop.
    let blocker = try world.database.hold("SELECT 1 FROM auth.users FOR UPDATE")
    let login = Task { try await world.login("ada@acme.test") }
    #expect(try await eventually { try world.database.isAnybodyWaiting() })
    world.tellToStop()
    #expect(try await eventually { try page(world.addresses.metrics, "/health").status == 503 })
    blocker.release()
    #expect(try await login.value.user?.email == "ada@acme.test")
    try await world.end()
  }

  @Test("an address nobody has takes as long as a wrong password")
  func time() async throws {
    let world = try await AuthWorld { $0.freeAttempts = 1000 }
    try world.database.addUser("ada@acme.test", passwordHash: DemoPassword.hash)
    let clock = ContinuousClock()
    func fastest(_ email: String) async -> Duration {
      var best = Duration.seconds(60)
      for _ in 0..<5 {
        best = min(best, await clock.measure { _ = await refusal { try await world.login(email, "Wrong-Passw0rd") } })
      }
      return best
    }
    let known = await fastest("ada@acme.test")
    let unknown = await fastest("nobody@acme.test")
    // A look-up without the work would be a hundred times faster; a busy machine is not.
    #expect(unknown > known / 4)
    #expect(known > unknown / 4)
    try await world.end()
  }
}
