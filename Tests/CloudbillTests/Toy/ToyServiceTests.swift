import Auth
import Billing
import Edge
import Postgres
import RPC
import Reactor
import Schema
import ServiceKit
import ServiceTesting
import Testing

@Suite("A new service is a folder and a word in the list")
struct ToyServiceTests {
  private static let catalogue = ServiceCatalogue([.auth, .billing, .toy])

  @Test("it migrates, starts, answers by REST to whom its policy names, and is told of by health and metrics")
  func served() async throws {
    #expect(Self.catalogue.contradictions == [])
    let database = try await TestDatabase(Self.catalogue, demo: true)
    #expect(try database.sql("SELECT count(*) FROM toy.notes") == "3")
    let mesh = try await MeshInProcess(Self.catalogue, over: database)
    var client = RestClient(url: "http://127.0.0.1:\(mesh.port)")
    let body = ##"{"planId":"a","status":"from a test"}"##
    #expect(try client.post("/api/toy/notes", body).status == 401)
    let login = try client.post(
      "/api/auth/login", #"{"email":"viewer@acme.test","password":"\#(RestClient.password)"}"#)
    let token = try #require(login.data["accessToken"].text, "\(login.text)")
    client.token = token
    client.tenant = RestClient.acme
    let made = try client.post("/api/toy/notes", body)
    #expect(made.status == 201, "\(made.text)")
    #expect(made.data["status"].text == "from a test")
    #expect(
      try database.sql("SELECT tenant_id FROM toy.notes WHERE text = 'from a test'") == RestClient.acme)
    let toy = try #require(mesh.services["toy"])
    let page = RestClient(url: "http://\(toy.addresses.metrics)")
    #expect(try page.get("/health").status == 200)
    #expect(
      try page.get("/metrics").text.contains(
        #"cloudbill_rpc_server_calls_total{service="toy",method="/cloudbill.benchmark.v1.Echo/Echo",status="OK"} 1"#))
    try await mesh.end()
  }

  @Test("its tables keep the rules, and are looked at")
  func isolation() async throws {
    let database = try await TestDatabase(Self.catalogue)
    let rules = IsolationRules(Self.catalogue)
    #expect(try rules.violations(in: database) == [])
    try database.sql("ALTER TABLE toy.notes NO FORCE ROW LEVEL SECURITY; GRANT SELECT ON toy.notes TO billing_app")
    #expect(
      try rules.violations(in: database) == [
        "toy.notes does not enable and force row-level security", "toy.notes grants SELECT to billing_app",
      ])
  }

  @Test(
    "services that cannot run beside each other are told apart",
    arguments: [
      ("toy", 3001, "toy", [], "port 3001 belongs to auth and to toy"),
      ("toy", 3101, "toy", [], "port 3101 belongs to auth and to toy"),
      ("auth", 3999, "toy", [], "the name auth belongs to auth and to auth"),
      ("edge", 3999, "toy", [], "the name edge belongs to edge and to edge"),
      ("toy", 3999, "billing", [], "the schema billing belongs to billing and to toy"),
      ("toy", 3999, "toy", ["payment"], "toy calls payment, which is no other service"),
      ("toy", 3999, "toy", ["toy"], "toy calls toy, which is no other service"),
      ("to y", 3999, "toy", [], "to y is not a word of lower-case letters, digits and _ that begins with a letter"),
    ] as [(String, UInt16, StaticString, [String], String)])
  func contradictions(_ name: String, _ port: UInt16, _ schema: StaticString, _ calls: [String], _ expected: String) {
    let toy = ServiceDefinition(
      name: name, schema: schema, port: port, migrations: [], protobufServices: [], calls: calls
    ) { _ in ServiceParts(services: []) }
    let found = ServiceCatalogue([.auth, .billing, toy]).contradictions
    #expect(found.contains(expected), "\(found)")
  }
}

/// Every service of a catalogue and the edge in this process, as `cloudbill up` would run them in processes of their own.
final class MeshInProcess: Sendable {
  let services: [String: RunningService]
  let port: UInt16
  private let stop = StopSignal()
  private let edge: Task<Void, any Error>

  init(_ catalogue: ServiceCatalogue, over database: TestDatabase) async throws {
    guard let key = TokenKey(id: "1", secret: [UInt8](repeating: 9, count: 32)) else {
      throw RunningService.Failure.setup
    }
    let tokens = JSONWebToken(issuer: AuthConfiguration.issuer, audience: AuthConfiguration.audience, signing: key)
    let edgeKey = try Ed25519PrivateKey()
    let claimsKey = ClaimsKey(issuer: "edge", key: try edgeKey.publicKey, scope: .users)
    var services: [String: RunningService] = [:]
    for definition in catalogue.services {
      services[definition.name] = try await RunningService(definition, over: database) { configuration in
        configuration.claimsKeys = [claimsKey]
        configuration.accessTokens = definition.signsAccessTokens ? tokens : nil
        configuration.loops = 1
      }
    }
    self.services = services
    var configuration = EdgeConfiguration()
    configuration.address = try SocketAddress(host: "127.0.0.1", port: 0)
    configuration.metricsAddress = nil
    configuration.logsRequests = false
    var settings = EdgeSettings(
      edge: configuration, tokens: tokens, signer: try ClaimsSigner(issuer: "edge", key: edgeKey),
      services: services.mapValues { [$0.addresses.rpc] }, routes: catalogue.routes, loops: 1)
    settings.logDescriptor = -1
    let (feed, end) = AsyncThrowingStream<EdgeProcess.Addresses, any Error>.makeStream()
    edge = Task { [settings, stop] in
      do {
        try await EdgeProcess.run(settings, until: stop) { end.yield($0) }
        end.finish(throwing: RunningService.Failure.setup)
      } catch {
        end.finish(throwing: error)
        throw error
      }
    }
    var iterator = feed.makeAsyncIterator()
    guard let bound = try await iterator.next(), let port = bound.http.port else {
      throw RunningService.Failure.setup
    }
    self.port = port
  }

  func end() async throws {
    stop.trigger()
    try await edge.value
    for service in services.values { try await service.end() }
  }
}
