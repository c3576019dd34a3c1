import Auth
import Postgres
import RPC
import Reactor
import Schema
import ServiceKit
import ServiceTesting
import Synchronization
import Testing

@Suite("A service that calls a service")
struct ServiceCallTests {
  private static let user = UUID("0000000a-0000-4000-8000-000000000001") ?? .random()
  private static let catalogue = ServiceCatalogue([.auth, .toy, caller { _ in .idle }])

  /// A service whose worker calls toy.
  private static func caller(
    calls: [String] = ["toy"], _ turn: @escaping @Sendable (ServiceContext) async throws -> Worker.Turn
  ) -> ServiceDefinition {
    ServiceDefinition(
      name: "caller", schema: "caller", port: 3998,
      migrations: [
        Migration(name: "0902_caller", sql: "CREATE SCHEMA caller; GRANT USAGE ON SCHEMA caller TO caller_app;")
      ], protobufServices: [], calls: calls
    ) { context in
      ServiceParts(
        services: [],
        workers: [Worker(name: "calls", interval: .milliseconds(20)) { try await turn(context) }])
    }
  }

  /// What the worker's calls came to, in order, without repetitions.
  private final class Outcomes: Sendable {
    private let list = Mutex<[String]>([])

    func add(_ outcome: String) { list.withLock { if $0.last != outcome { $0.append(outcome) } } }
    var all: [String] { list.withLock { $0 } }
    var isEmpty: Bool { all.isEmpty }
  }

  /// Runs toy and a service whose worker calls it for Acme, until a few calls were made.
  private func run(
    named name: String = "caller", calls: [String] = ["toy"], onBehalfOf user: UUID?, key: String?
  ) async throws -> (database: TestDatabase, outcomes: [String]) {
    let database = try await TestDatabase(Self.catalogue, demo: true)
    let key2 = try Ed25519PrivateKey()
    let trusted = ClaimsKey(issuer: name, key: try key2.publicKey, scope: .itself)
    let toy = try await RunningService(.toy, over: database) { $0.claimsKeys.append(trusted) }
    let (outcomes, count) = (Outcomes(), Counter())
    let definition = Self.caller(calls: calls) { context in
      do {
        let principal = Principal(
          service: "caller", tenant: TenantID(DemoData.acme), onBehalfOf: user, requestID: "request-9",
          deadline: .after(.seconds(30)), now: context.clock.now, key: key)
        _ = try await BenchmarkV1.EchoClient(context.channel(to: "toy")).echo(
          .init(id: "7", planID: "object", status: "called"), options: context.options(for: principal))
        outcomes.add("OK")
      } catch let error as RPCError {
        outcomes.add(ServiceError(error)?.code ?? error.code.name)
      } catch {
        outcomes.add("\(error)")
      }
      count.add()
      return .idle
    }
    let signer = try ClaimsSigner(issuer: name, key: key2)
    let running = try await RunningService(definition, over: database) { configuration in
      configuration.signer = signer
      configuration.peers = ["toy": [toy.addresses.rpc]]
    }
    for _ in 0..<2400 where count.value < 3 { try await Task.sleep(for: .milliseconds(25)) }
    try await running.end()
    try await toy.end()
    return (database, outcomes.all)
  }

  @Test(
    "acts in the tenant that its claims name, for the user it passes on, and the trail says so; a key makes it once")
  func acts() async throws {
    for user in [nil, Self.user] as [UUID?] {
      let (database, outcomes) = try await run(onBehalfOf: user, key: "once")
      #expect(outcomes == ["OK"])
      #expect(
        try database.lines("SELECT subject, on_behalf_of, request_id, tenant_id FROM toy.audit_events")
          == ["service:caller|\(user?.description ?? "")|request-9|\(DemoData.acme)"])
      #expect(try database.sql("SELECT count(*) FROM toy.notes WHERE text = 'called'") == "1")
    }
  }

  @Test("one that the method does not name is refused, one that names no callee has no channel")
  func refused() async throws {
    let stranger = try await run(named: "stranger", onBehalfOf: nil, key: nil)
    #expect(stranger.outcomes == ["FORBIDDEN"])
    let unnamed = try await run(calls: [], onBehalfOf: nil, key: nil)
    #expect(unnamed.outcomes == ["the configuration lacks the address of toy"])
    for database in [stranger.database, unnamed.database] {
      #expect(try database.sql("SELECT count(*) FROM toy.notes WHERE text = 'called'") == "0")
    }
  }
}
