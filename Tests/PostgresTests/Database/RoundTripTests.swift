import Postgres
import Reactor
import TestSupport
import Testing

@Suite("Round trips")
struct RoundTripTests {
  @Test("a tenant transaction is one, an interactive one has no more than its steps and the commit")
  func counted() async throws {
    let proxy = try CountingProxy()
    defer { proxy.stop() }
    let server = try TestDatabase.psql(TestEnvironment.postgres, "show port").filter(\.isNumber)
    let port = await proxy.start(port: try #require(UInt16(server)))
    try await withDatabase(
      adjusting: {
        $0.connectionsPerLoop = 1
        $0.conninfo += " host=127.0.0.1 port=\(port) sslmode=disable"
      }
    ) { database, _ in
      let statement = Statement("select current_setting('app.current_tenant_id'), current_setting('statement_timeout')")
      try await database.unscoped(deadline: soon, Statement("select 1"))
      var before = proxy.roundTrips
      let tenant = UUID.random()
      for _ in 0..<10 {
        // Parsing it the first time travels along.
        let seen = try await database.tenant(tenant, deadline: soon, statement) { try $0.one()[0, as: String.self] }
        #expect(seen == tenant.description)
      }
      #expect(proxy.roundTrips - before == 10)
      before = proxy.roundTrips
      try await database.tenant(tenant, deadline: soon) { transaction in
        try await transaction.execute(Statement("select 1"))
        _ = try await transaction.query([Statement("select 2"), Statement("select 3")])
      }
      #expect(proxy.roundTrips - before == 3)
    }
  }
}
