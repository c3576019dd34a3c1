import Postgres
import RPC
import Schema
import ServiceKit

/// A service as the next one will be: a table, a method, a route, a worker. Nothing outside this folder knows of it but the list it stands
/// in.
extension ServiceDefinition {
  static let toy = ServiceDefinition(
    name: "toy", schema: "toy", port: 3999,
    migrations: [
      Migration(name: "0900_toy", sql: ToyStatements.migration),
      ServiceTables.migration(name: "0901_toy", schema: "toy"),
    ],
    protobufServices: ["cloudbill.benchmark.v1.Echo"],
    policies: [
      BenchmarkV1.EchoMethods.echo.path: MethodPolicy(
        access: .session, idempotency: .keyed, retry: nil, services: ["caller"])
    ],
    routes: [
      RestRoute(
        method: "POST", template: "/api/toy/notes", segments: ["api", "toy", "notes"].map { .literal($0) },
        rpcPath: BenchmarkV1.EchoMethods.echo.path, service: "toy", request: BenchmarkV1.EchoMessage.schema,
        response: BenchmarkV1.EchoMessage.schema, body: .whole, responseField: nil, paginated: false,
        updateMaskField: nil, access: .session, tenantHeaderRequired: true, idempotency: .keyed, retry: nil,
        successStatus: 201, successMessage: nil)
    ],
    demo: { tenant, _ in [ToyStatements.insert(tenant: tenant.id, "demo of \(tenant.name)")] }
  ) { context in
    ServiceParts(services: [ToyHandlers(context: context)], workers: [ToyHandlers.worker(context)])
  }
}

private struct ToyHandlers: BenchmarkV1.EchoService {
  let context: ServiceContext

  func echo(
    _ request: BenchmarkV1.EchoMessage, _ call: ServerCall
  ) async throws(RPCError) -> BenchmarkV1.EchoMessage {
    let principal = try Principal(call, clock: context.clock)
    return try await call.answer {
      let outcome = try await context.changes.make(
        call.descriptor.path, request, as: principal, BenchmarkV1.EchoMessage.self
      ) { _ in
        Effect(
          request, version: nil, [ToyStatements.insert(tenant: principal.tenant.uuid, request.status)],
          audit: [AuditEntry("note.made", object: request.id)],
          messages: [
            OutboxMessage("note.made", object: request.planID, payload: try request.serialized())
          ])
      }
      return call.tell(outcome)
    }
  }

  /// Hears of each note once, whatever happens, in the order in which those about one object were made. What says "poison" it cannot
  /// hear.
  static func worker(_ context: ServiceContext) -> Worker {
    Outbox.worker(context) { delivery in
      let note = try BenchmarkV1.EchoMessage(serialized: delivery.message.payload)
      guard note.status != "poison" else { throw Poison() }
      try await context.database.tenant(delivery.tenant.uuid, deadline: .after(.seconds(30))) { transaction in
        let isNew = try await Inbox(context.changes.tables).accept(
          delivery.number, from: delivery.source, at: context.clock.now, tenant: delivery.tenant, transaction)
        guard isNew else { return }
        try await transaction.execute(
          Statement(
            "INSERT INTO toy.heard (tenant_id, object_id, text) VALUES ($1, $2, $3)", delivery.tenant.uuid,
            delivery.message.object, note.status))
      }
    }
  }

  private struct Poison: Error {}
}

private enum ToyStatements {
  static func insert(tenant: UUID, _ text: String) -> Statement {
    Statement("INSERT INTO toy.notes (tenant_id, id, text) VALUES ($1, $2, $3)", tenant, UUID.random(), text)
  }

  static let migration = """
    CREATE SCHEMA toy;
    CREATE TABLE toy.notes (
      tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
      id uuid NOT NULL,
      text text NOT NULL,
      PRIMARY KEY (tenant_id, id)
    );
    CREATE TABLE toy.heard (
      tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
      place bigint GENERATED ALWAYS AS IDENTITY,
      object_id text NOT NULL,
      text text NOT NULL,
      PRIMARY KEY (tenant_id, place)
    );
    ALTER TABLE toy.notes ENABLE ROW LEVEL SECURITY;
    ALTER TABLE toy.notes FORCE ROW LEVEL SECURITY;
    ALTER TABLE toy.heard ENABLE ROW LEVEL SECURITY;
    ALTER TABLE toy.heard FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON toy.notes
      USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
      WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
    CREATE POLICY tenant ON toy.heard
      USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
      WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
    GRANT USAGE ON SCHEMA toy TO toy_app;
    GRANT SELECT, INSERT ON toy.notes TO toy_app;
    GRANT SELECT, INSERT ON toy.heard TO toy_app;
    """
}
