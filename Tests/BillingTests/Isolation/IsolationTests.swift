import Foundation
import Postgres
import ServiceKit
import Testing

@Suite("Tenants are kept apart by the database")
struct IsolationTests {
  @Test("every table, policy, key, grant, function and role keeps the rules")
  func rules() throws {
    let database = try BillingDatabase()
    #expect(try database.lines(IsolationRules.question) == [])
  }

  @Test("the next table somebody forgets is reported, whatever was forgotten")
  func forgotten() throws {
    let database = try BillingDatabase()
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
      CREATE VIEW billing.everything AS SELECT * FROM billing.plans;
      CREATE FUNCTION billing.around() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint';
      """)
    let lines = try database.lines(IsolationRules.question)
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
    ] {
      #expect(lines.contains(expected), "\(expected)\n\(lines.joined(separator: "\n"))")
    }
  }

  @Test("a role sees its tenant's rows, no rows without a tenant, and can write none of another tenant")
  func behaviour() async throws {
    let database = try BillingDatabase()
    try await DemoData.seed(conninfo: database.ownerConninfo)
    func asBilling(_ tenant: String?, _ sql: String) throws -> String {
      let context = tenant.map { "SELECT set_config('app.current_tenant_id', '\($0)', true) \\g /dev/null" } ?? ""
      return try database.sql("BEGIN;\nSET LOCAL ROLE billing_app;\n\(context)\n\(sql);\nCOMMIT;")
    }
    let acme = DemoData.acme.description
    let globex = DemoData.globex.description
    for table in try database.lines(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'billing' AND tablename <> 'audit_events'")
    {
      #expect(try asBilling(nil, "SELECT count(*) FROM billing.\(table)") == "0", "\(table)")
      #expect(try asBilling("", "SELECT count(*) FROM billing.\(table)") == "0", "\(table)")
      let strangers = try asBilling(globex, "SELECT count(*) FROM billing.\(table) WHERE tenant_id <> '\(globex)'")
      #expect(strangers == "0", "\(table)")
    }
    #expect(try asBilling(acme, "SELECT count(*) FROM billing.subscriptions") == "36")
    #expect(try asBilling(globex, "SELECT count(*) FROM billing.subscriptions") == "6")
    let insert = """
      INSERT INTO billing.plans (tenant_id, id, name, billing_cycle, price, currency, created_at, updated_at)
      VALUES ('\(acme)', 'x', 'X', 'monthly', 1, 'USD', now(), now())
      """
    #expect(throws: BillingDatabase.PsqlFailure.self) { try asBilling(globex, insert) }
    #expect(throws: BillingDatabase.PsqlFailure.self) { try asBilling(nil, insert) }
    #expect(throws: BillingDatabase.PsqlFailure.self) { try asBilling(acme, "SELECT * FROM auth.users") }
    #expect(throws: BillingDatabase.PsqlFailure.self) { try asBilling(acme, "TRUNCATE billing.plans") }
    #expect(throws: BillingDatabase.PsqlFailure.self) {
      try asBilling(globex, "UPDATE billing.plans SET tenant_id = '\(globex)'")
    }
  }

  @Test("a reference cannot cross tenants")
  func references() async throws {
    let database = try BillingDatabase()
    try await DemoData.seed(conninfo: database.ownerConninfo)
    let user = try database.sql("SELECT id FROM auth.users WHERE tenant_id = '\(DemoData.acme)' LIMIT 1")
    let error = #expect(throws: BillingDatabase.PsqlFailure.self) {
      try database.sql(
        "UPDATE billing.subscriptions SET customer_id = '\(user)' WHERE tenant_id = '\(DemoData.globex)'")
    }
    #expect(error?.text.contains("foreign key") == true)
  }
}
