import Foundation
import Postgres
import ServiceKit
import ServiceTesting
import Testing

@Suite("Tenants are kept apart by the database")
struct IsolationTests {
  @Test("every table, policy, key, grant, function and role keeps the rules")
  func rules() async throws {
    let database = try await TestDatabase(.billing)
    let broken = try IsolationRules(.billing).violations(in: database)
    #expect(broken.isEmpty, "\(broken.joined(separator: "\n"))")
  }

  @Test("the next table somebody forgets is reported, whatever was forgotten")
  func forgotten() async throws {
    let database = try await TestDatabase(.billing)
    let context = "(SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid)"
    try database.sql(
      """
      SET ROLE cb_owner;
      CREATE TABLE billing.naked (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id));
      CREATE TABLE billing.unforced (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id));
      ALTER TABLE billing.unforced ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON billing.unforced USING (tenant_id = \(context)) WITH CHECK (tenant_id = \(context));
      CREATE TABLE billing.open (tenant_id uuid NOT NULL, id uuid PRIMARY KEY);
      ALTER TABLE billing.open ENABLE ROW LEVEL SECURITY;
      ALTER TABLE billing.open FORCE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON billing.open USING (tenant_id = \(context)) WITH CHECK (tenant_id = \(context));
      CREATE POLICY everybody ON billing.open USING (true) WITH CHECK (true);
      CREATE TABLE billing.homeless (tenant_id uuid, plan_id uuid REFERENCES billing.open (id));
      ALTER TABLE billing.homeless ENABLE ROW LEVEL SECURITY;
      ALTER TABLE billing.homeless FORCE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON billing.homeless FOR SELECT USING (tenant_id = \(context));
      GRANT TRUNCATE ON billing.plans TO billing_app;
      GRANT SELECT ON auth.users TO billing_app;
      GRANT UPDATE ON billing.plans TO billing_app;
      GRANT SELECT ON billing.subscriptions TO PUBLIC;
      GRANT SELECT (id) ON billing.plans TO auth_app;
      GRANT UPDATE (event) ON billing.audit_events TO billing_app;
      GRANT CREATE ON SCHEMA billing TO billing_app;
      GRANT USAGE ON SCHEMA billing TO auth_app;
      CREATE FUNCTION billing.meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
      CREATE TRIGGER meddle BEFORE INSERT ON billing.plans FOR EACH ROW EXECUTE FUNCTION billing.meddle();
      CREATE VIEW billing.everything AS SELECT * FROM billing.plans;
      CREATE FUNCTION billing.around() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint';
      """)
    let lines = try IsolationRules(.billing).violations(in: database)
    for expected in [
      "billing.naked does not enable and force row-level security",
      "billing.naked has no tenant policy for everything, with USING and WITH CHECK",
      "billing.unforced does not enable and force row-level security",
      "billing.open has the policy everybody, which lets rows of any tenant through",
      "billing.open_pkey is an index that does not begin with tenant_id",
      "billing.homeless has no column tenant_id uuid NOT NULL",
      "billing.homeless has no tenant policy for everything, with USING and WITH CHECK",
      "billing.homeless has the foreign key homeless_plan_id_fkey, which can point into another tenant",
      "billing.plans grants TRUNCATE to billing_app", "auth.users grants SELECT to billing_app",
      "billing.plans lets its tenant be changed by billing_app", "billing.everything is neither table nor index",
      "billing.around() runs with the rights of cb_owner, unguarded",
      "billing.subscriptions grants SELECT to PUBLIC", "billing.plans grants SELECT to auth_app",
      "billing.audit_events is a trail that billing_app may UPDATE",
      "the schema billing grants CREATE to billing_app", "the schema billing grants USAGE to auth_app",
      "billing.plans has the trigger meddle, which nobody has looked at",
    ] {
      #expect(lines.contains(expected), "\(expected)\n\(lines.joined(separator: "\n"))")
    }
  }

  /// Runs SQL in a transaction of a service's role, for a tenant when one is given.
  private func run(_ database: TestDatabase, as role: String, tenant: String?, _ sql: String) throws -> String {
    let context = tenant.map { "SELECT set_config('app.current_tenant_id', '\($0)', true) \\g /dev/null" } ?? ""
    return try database.sql("BEGIN;\nSET LOCAL ROLE \(role);\n\(context)\n\(sql);\nCOMMIT;")
  }

  @Test("in every table there is, a role sees its tenant's rows alone, and none without a tenant; so does the owner")
  func reading() async throws {
    let database = try await TestDatabase(.billing, demo: true)
    let tables = try database.lines(
      """
      SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname IN ('auth', 'billing') AND n.nspname || '.' || c.relname <> 'auth.sign_in_attempts'
      """)
    #expect(tables.count >= 9)
    let globex = DemoData.globex.description
    for table in tables {
      let column = table == "auth.tenants" ? "id" : "tenant_id"
      for role in ["cb_owner", table.hasPrefix("auth.") ? "auth_app" : "billing_app"] {
        guard try database.sql("SELECT has_table_privilege('\(role)', '\(table)', 'SELECT')") == "t" else { continue }
        for nobody in [nil, "", UUID.random().description] {
          let seen = try run(database, as: role, tenant: nobody, "SELECT count(*) FROM \(table)")
          #expect(seen == "0", "\(role) \(table)")
        }
        let strangers = try run(
          database, as: role, tenant: globex, "SELECT count(*) FROM \(table) WHERE \(column) <> '\(globex)'")
        #expect(strangers == "0", "\(role) \(table)")
      }
    }
    let acme = DemoData.acme.description
    for (tenant, count) in [(acme, "36"), (globex, "6")] {
      let seen = try run(
        database, as: "billing_app", tenant: tenant, "SELECT count(*) FROM billing.subscriptions")
      #expect(seen == count)
    }
  }

  @Test("what a role writes is its tenant's, whatever it says")
  func writing() async throws {
    let database = try await TestDatabase(.billing, demo: true)
    let acme = DemoData.acme.description
    let globex = DemoData.globex.description
    let insert = """
      INSERT INTO billing.plans (tenant_id, id, name, billing_cycle, price, currency, created_at, updated_at)
      VALUES ('\(acme)', 'x', 'X', 'monthly', 1, 'USD', now(), now())
      """
    let refused: [(String?, String, String)] = [
      (globex, insert, "row-level security"), (nil, insert, "row-level security"), ("", insert, "row-level security"),
      (acme, "SELECT * FROM auth.users", "permission denied"), (acme, "TRUNCATE billing.plans", "permission denied"),
      (acme, "DELETE FROM billing.subscriptions", "permission denied"),
      (acme, "SELECT * FROM billing.audit_events", "permission denied"),
      (acme, "UPDATE billing.plans SET price = 1", "permission denied"),
      (globex, "UPDATE billing.plans SET tenant_id = '\(globex)'", "permission denied"),
      (acme, "ALTER TABLE billing.plans NO FORCE ROW LEVEL SECURITY", "must be owner"),
      (acme, "CREATE TABLE billing.mine ()", "permission denied"), (acme, "SET ROLE cb_owner", "permission denied"),
      ("nonsense", "SELECT * FROM billing.plans", "invalid input syntax for type uuid"),
    ]
    for (tenant, sql, reason) in refused {
      // Logged in as the service is, not as a superuser who has put on its role.
      let context = tenant.map { "SELECT set_config('app.current_tenant_id', '\($0)', true);" } ?? ""
      let error = #expect(throws: TestDatabase.PsqlFailure.self, "\(sql)") {
        try database.sql(as: "billing", "BEGIN; \(context) \(sql); COMMIT;")
      }
      #expect(error?.text.contains(reason) == true, "\(sql): \(error?.text ?? "")")
    }
    // A foreign row cannot be aimed at: nothing is hit, and nothing says why.
    let aimed = try run(
      database, as: "billing_app", tenant: globex,
      "WITH hit AS (UPDATE billing.plans SET name = 'stolen' WHERE tenant_id = '\(acme)' RETURNING 1) SELECT count(*) FROM hit"
    )
    #expect(aimed == "0")
  }

  @Test("a reference cannot cross tenants")
  func references() async throws {
    let database = try await TestDatabase(.billing, demo: true)
    let user = try database.sql("SELECT id FROM auth.users WHERE tenant_id = '\(DemoData.acme)' LIMIT 1")
    let error = #expect(throws: TestDatabase.PsqlFailure.self) {
      try database.sql(
        "UPDATE billing.subscriptions SET customer_id = '\(user)' WHERE tenant_id = '\(DemoData.globex)'")
    }
    #expect(error?.text.contains("foreign key") == true)
  }
}
