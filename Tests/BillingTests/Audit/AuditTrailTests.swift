import Billing
import Postgres
import RPC
import Reactor
import Schema
import ServiceKit
import ServiceTesting
import Testing

@Suite("The audit trail")
struct AuditTrailTests {
  /// Checks the trail of Acme as `cloudbill audit verify` does.
  private func check(_ world: BillingWorld) async throws -> AuditTrail.Verdict {
    let group = try EventLoopGroup(count: 1, name: "audit")
    let database = Database(
      group: group, configuration: DatabaseConfiguration(conninfo: world.database.ownerConninfo))
    let verdict = try await AuditTrail(.billing).check(
      TenantID(DemoData.acme), database, deadline: .after(.seconds(60)))
    await database.close()
    group.stop()
    return verdict
  }

  @Test("changes made at once form one chain")
  func chain() async throws {
    try await withBilling { world in
      let empty = try await check(world)
      #expect(empty.isWhole && empty.lines == 0 && empty.head.isEmpty)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for _ in 0..<40 {
          tasks.addTask {
            _ = try await world.client.createSubscription(.init(planID: "pro-monthly"), options: world.options())
          }
        }
        try await tasks.waitForAll()
      }
      let verdict = try await check(world)
      #expect(verdict.isWhole && verdict.lines == 40 && verdict.head.count == 32)
    }
  }

  @Test(
    "a line that was changed, taken out, put in between or cut off is found",
    arguments: [
      ("UPDATE billing.audit_events SET subject = 'service:other' WHERE sequence = 3", 3),
      ("UPDATE billing.audit_events SET happened_at = happened_at + interval '1 microsecond' WHERE sequence = 2", 2),
      ("UPDATE billing.audit_events SET detail = detail || '{\"a\": 1}' WHERE sequence = 4", 4),
      ("UPDATE billing.audit_events SET hash = sha256('') WHERE sequence = 5", 5),
      ("DELETE FROM billing.audit_events WHERE sequence = 3", 4),
      ("DELETE FROM billing.audit_events WHERE sequence = 1", 2),
      (
        """
        UPDATE billing.audit_events SET sequence = sequence + 100 WHERE sequence > 2;
        UPDATE billing.audit_events SET sequence = sequence - 99 WHERE sequence > 100;
        INSERT INTO billing.audit_events SELECT tenant_id, 3, gen_random_uuid(), happened_at, event, subject,
          on_behalf_of, cross_tenant, object_id, detail, request_id, hash FROM billing.audit_events WHERE sequence = 2
        """, 3
      ),
      ("DELETE FROM billing.audit_events WHERE sequence = 5", nil),
      ("DELETE FROM billing.audit_events", nil),
      ("DELETE FROM billing.audit_heads", nil),
    ] as [(String, Int64?)])
  func tampering(_ change: String, _ broken: Int64?) async throws {
    try await withBilling { world in
      for _ in 0..<5 {
        _ = try await world.client.createSubscription(.init(planID: "pro-monthly"), options: world.options())
      }
      #expect(try await check(world).isWhole)
      try world.database.sql(change)
      let verdict = try await check(world)
      #expect(!verdict.isWhole && verdict.firstBroken == broken)
    }
  }

  @Test("what was in the trail before it was a chain is taken over")
  func migration() async throws {
    let before = ServiceCatalogue([
      .auth,
      ServiceDefinition(
        name: "billing", schema: "billing", port: 3002,
        migrations: ServiceDefinition.billing.migrations.filter { $0.name < "0004" }, protobufServices: []
      ) { _ in ServiceParts(services: []) },
    ])
    let database = try await TestDatabase(before, demo: false)
    try database.sql(
      """
      INSERT INTO auth.tenants (id, name, email) VALUES ('\(DemoData.acme)', 'Acme', 'office@acme.test');
      INSERT INTO billing.audit_events (tenant_id, id, happened_at, event, subject, cross_tenant, object_id, detail)
        SELECT '\(DemoData.acme)', gen_random_uuid(), now() - n * interval '1 hour', 'plan.created', 'somebody', false,
          'plan-' || n, '{"n": 1}' FROM generate_series(1, 5) n;
      INSERT INTO billing.idempotency_keys (tenant_id, subject, key, method, request_digest, response, created_at)
        VALUES ('\(DemoData.acme)', 'somebody', 'k', '/m', sha256(''), '', now());
      """)
    for migration in ServiceDefinition.billing.migrations where migration.name >= "0004" {
      try database.sql("BEGIN; SET ROLE cb_owner;\n\(migration.sql)\nCOMMIT;")
    }
    let group = try EventLoopGroup(count: 1, name: "audit")
    let owner = Database(group: group, configuration: DatabaseConfiguration(conninfo: database.ownerConninfo))
    let verdict = try await AuditTrail(.billing).check(TenantID(DemoData.acme), owner, deadline: .after(.seconds(60)))
    #expect(verdict.isWhole && verdict.lines == 5)
    await owner.close()
    group.stop()
    #expect(
      try database.lines("SELECT object_id FROM billing.audit_events ORDER BY sequence")
        == ["plan-5", "plan-4", "plan-3", "plan-2", "plan-1"])
    #expect(try database.sql("SELECT key FROM billing.idempotency_keys") == "k")
    #expect(try IsolationRules(.billing).violations(in: database) == [])
  }
}
