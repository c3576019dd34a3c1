import Postgres
import RPC
import Schema
import ServiceKit

/// A service as the next one will be: a table, a method, a route. Nothing outside this folder knows of it but the list it stands in.
extension ServiceDefinition {
  static let toy = ServiceDefinition(
    name: "toy", port: 3999,
    migrations: [Migration(name: "0900_toy", sql: ToyStatements.migration)],
    protobufServices: ["cloudbill.benchmark.v1.Echo"],
    policies: [
      BenchmarkV1.EchoMethods.echo.path: MethodPolicy(access: .session, idempotency: .unspecified, retry: nil)
    ],
    routes: [
      RestRoute(
        method: "POST", template: "/api/toy/notes", segments: ["api", "toy", "notes"].map { .literal($0) },
        rpcPath: BenchmarkV1.EchoMethods.echo.path, service: "toy", request: BenchmarkV1.EchoMessage.schema,
        response: BenchmarkV1.EchoMessage.schema, body: .whole, responseField: nil, paginated: false,
        updateMaskField: nil, access: .session, tenantHeaderRequired: true, idempotency: .unspecified, retry: nil,
        successStatus: 201, successMessage: nil)
    ],
    demo: { tenant, _ in [ToyStatements.insert(tenant: tenant.id, "demo of \(tenant.name)")] }
  ) { context in
    ServiceParts(services: [ToyHandlers(database: context.database)])
  }
}

private struct ToyHandlers: BenchmarkV1.EchoService {
  let database: Database

  func echo(
    _ request: BenchmarkV1.EchoMessage, _ call: ServerCall
  ) async throws(RPCError) -> BenchmarkV1.EchoMessage {
    try await call.answer {
      let tenant = try call.tenant.uuid
      try await database.tenant(
        tenant, deadline: call.workDeadline, ToyStatements.insert(tenant: tenant, request.status))
      return request
    }
  }
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
    ALTER TABLE toy.notes ENABLE ROW LEVEL SECURITY;
    ALTER TABLE toy.notes FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON toy.notes
      USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
      WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
    GRANT USAGE ON SCHEMA toy TO toy_app;
    GRANT SELECT, INSERT ON toy.notes TO toy_app;
    """
}
