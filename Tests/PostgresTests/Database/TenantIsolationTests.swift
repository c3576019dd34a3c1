import Postgres
import Reactor
import TestSupport
import Testing

@Suite("Tenants on shared connections")
struct TenantIsolationTests {
  static let password = "Reader-0123456789"
  static let setup = """
    create table item (tenant_id uuid not null, id int8 not null, name text not null, primary key (tenant_id, id));
    alter table item enable row level security;
    alter table item force row level security;
    create policy tenant on item
      using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid))
      with check (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid));
    """
  static let insert: StaticString = "insert into item values ($1, $2, $3)"

  /// A database whose pool signs in as a role that row-level security applies to.
  func withTenants(
    connections: Int, _ body: @escaping @Sendable (Database, TestDatabase) async throws -> Void
  ) async throws {
    let role = "r" + UUID.random().description.filter { $0 != "-" }
    try await withDatabase(
      Self.setup
        + "create role \(role) login password '\(Self.password)'; grant select, insert, update on item to \(role);",
      adjusting: {
        $0.connectionsPerLoop = connections
        $0.conninfo += " user=\(role) password=\(Self.password)"
      },
      { database, test in
        try await body(database, test)
        try test.sql("drop owned by \(role); drop role \(role)")
      })
  }

  @Test("hundreds of transactions of different tenants in one pipeline each see their own rows only")
  func sharedConnection() async throws {
    try await withTenants(connections: 1) { database, _ in
      let tenants = (0..<5).map { _ in UUID.random() }
      try await withThrowingTaskGroup { group in
        for round in 0..<100 {
          for tenant in tenants {
            group.addTask {
              let statement = Statement(Self.insert, tenant, Int64(round), tenant.description)
              let count = try await database.tenant(tenant, deadline: soon, statement)
              #expect(count == 1)
              let seen = try await database.tenant(
                tenant, deadline: soon, Statement("select tenant_id, name from item")
              ) {
                try $0.map { (try $0[0, as: UUID.self], try $0[1, as: String.self]) }
              }
              #expect(!seen.isEmpty)
              #expect(seen.allSatisfy { $0.0 == tenant && $0.1 == tenant.description })
            }
          }
        }
        try await group.waitForAll()
      }
      for tenant in tenants {
        let count = try await database.tenant(tenant, deadline: soon, Statement("select 1 from item"))
        #expect(count == 100)
      }
      #expect(database.statistics.connections == 1)
    }
  }

  @Test("nothing of a tenant is left for a transaction without one, or for a failed one's successor")
  func nothingLeft() async throws {
    try await withTenants(connections: 1) { database, _ in
      let (acme, globex) = (UUID.random(), UUID.random())
      try await database.tenant(acme, deadline: soon, Statement(Self.insert, acme, Int64(1), "a"))
      let foreign = await failure {
        try await database.tenant(globex, deadline: soon, Statement(Self.insert, acme, Int64(2), "b"))
      }
      #expect(foreign == .server(sqlState: "42501"))
      let all: StaticString = "select 1 from item"
      var count = try await database.unscoped(deadline: soon, Statement(all))
      #expect(count == 0)
      count = try await database.tenant(globex, deadline: soon, Statement(all))
      #expect(count == 0)
      // Even a session-wide setting of somebody's own does not reach the next transaction.
      try await database.tenant(
        acme, deadline: soon, Statement("select set_config('app.current_tenant_id', $1, false)", acme.description))
      count = try await database.unscoped(deadline: soon, Statement(all))
      #expect(count == 0)
      count = try await database.tenant(globex, deadline: soon) { try await $0.execute(Statement(all)) }
      #expect(count == 0)
      count = try await database.tenant(acme, deadline: soon) { try await $0.execute(Statement(all)) }
      #expect(count == 1)
    }
  }

  @Test("the failure of one transaction in a pipeline leaves those around it untouched")
  func failuresBetween() async throws {
    try await withTenants(connections: 1) { database, _ in
      let tenant = UUID.random()
      let outcomes = await withTaskGroup { group in
        for number in 0..<60 {
          group.addTask {
            // Each number comes twice, so that of two one fails.
            let error = await failure {
              try await database.tenant(tenant, deadline: soon, Statement(Self.insert, tenant, Int64(number / 2), "x"))
            }
            return error
          }
        }
        return await group.reduce(into: [DatabaseError?]()) { $0.append($1) }
      }
      #expect(outcomes.count { $0 == nil } == 30)
      #expect(outcomes.count { $0 == .constraint(kind: .unique, name: "item_pkey") } == 30)
      let count = try await database.tenant(tenant, deadline: soon, Statement("select 1 from item"))
      #expect(count == 30)
      #expect(database.statistics.connectionsLost == 0)
    }
  }
}
