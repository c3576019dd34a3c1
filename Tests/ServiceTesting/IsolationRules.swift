public import ServiceKit

/// The rules that keep tenants apart, as one question to PostgreSQL's catalogue: every line of the answer is a table, key, policy, grant,
/// function or role that breaks one. What is allowed to differ is named here, each with its reason.
public struct IsolationRules {
  private let services: [ServiceDefinition]

  public init(_ catalogue: ServiceCatalogue) {
    services = catalogue.services
  }

  /// What breaks a rule, in words; empty when nothing does.
  public func violations(in database: TestDatabase) throws -> [String] { try database.lines(question) }

  /// Keys that do not begin with the tenant.
  private static let exemptKeys = [
    // An address signs in before its tenant is known (contract hole 8).
    "auth.users_email_key",
    // A session is looked up by its id before its tenant is known.
    "auth.sessions_id_key",
    // The tenant's own row.
    "auth.tenants_pkey",
    // Of no tenant: digests of addresses somebody tried to sign in with.
    "auth.sign_in_attempts_pkey", "auth.sign_in_attempts_last_key",
    // The history of the schema.
    "public.schema_migrations_pkey",
  ]

  /// Tables without a tenant.
  private static let exemptTables = ["auth.sign_in_attempts", "public.schema_migrations"]

  /// The functions of cb_lookup, each looked at: what signing in needs before a tenant is known.
  private static let lookups = ["auth.begin_sign_in", "auth.end_sign_in", "auth.session_state", "auth.tenant_status"]

  /// The one pattern for work that is due in several tenants: a function of cb_due that gives ids of tenants and rows.
  private static let givesOnlyIDs = """
    (pg_get_userbyid(p.proowner) = 'cb_due' AND p.provolatile = 's' AND pg_get_function_result(p.oid) IN
      ('TABLE(tenant_id uuid, row_id bigint)', 'TABLE(tenant_id uuid, row_id uuid)'))
    """

  /// Roles that the processes of the system act as.
  private var roles: [String] { DatabaseRoles.all(services) }

  /// Each service's schema with its role, as rows.
  private var schemas: String {
    services.map { "('\($0.schema)', '\($0.databaseRole)')" }.joined(separator: ", ")
  }

  private var question: String {
    """
    WITH ours AS (
      SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relname, n.nspname, c.relkind, c.relowner, c.relrowsecurity,
        c.relforcerowsecurity
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ), tables AS (
      SELECT * FROM ours WHERE relkind IN ('r', 'p') AND name <> 'public.schema_migrations'
    ), tenant_tables AS (
      SELECT * FROM tables WHERE name NOT IN (\(Self.list(Self.exemptTables)))
    ), grants AS (
      SELECT g.name, g.nspname, g.attname, g.privilege_type AS privilege, coalesce(r.rolname, 'PUBLIC') AS grantee
      FROM (
        SELECT t.name, t.nspname, NULL::name AS attname, acl.* FROM tables t
          JOIN pg_class c ON c.oid = t.oid CROSS JOIN aclexplode(c.relacl) acl
        UNION ALL
        SELECT t.name, t.nspname, a.attname, acl.* FROM tables t
          JOIN pg_attribute a ON a.attrelid = t.oid CROSS JOIN aclexplode(a.attacl) acl
      ) g LEFT JOIN pg_roles r ON r.oid = g.grantee
    )
    SELECT name || ' does not enable and force row-level security' FROM tables
      WHERE NOT (relrowsecurity AND relforcerowsecurity)
    UNION ALL
    SELECT name || ' has no tenant policy for everything, with USING and WITH CHECK' FROM tenant_tables t
      WHERE NOT EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polcmd = '*' AND p.polroles = '{0}' AND p.polpermissive
          AND \(Self.isTenantExpression("p.polqual", "t")) AND \(Self.isTenantExpression("p.polwithcheck", "t")))
    UNION ALL
    SELECT t.name || ' has the policy ' || p.polname || ', which lets rows of any tenant through' FROM tables t
      JOIN pg_policy p ON p.polrelid = t.oid
      WHERE NOT (\(Self.isTenantExpression("p.polqual", "t")) AND \(Self.isTenantExpression("p.polwithcheck", "t")))
        AND NOT (p.polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = 'cb_lookup')]
          AND pg_get_expr(p.polqual, p.polrelid) = '(CURRENT_USER = ''cb_lookup''::name)')
        AND NOT (p.polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = 'cb_due')] AND p.polcmd = 'r'
          AND pg_get_expr(p.polqual, p.polrelid) = '(CURRENT_USER = ''cb_due''::name)')
    UNION ALL
    SELECT name || ' has no column tenant_id uuid NOT NULL' FROM tenant_tables t
      WHERE name <> 'auth.tenants' AND NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnotnull
          AND a.atttypid = 'uuid'::regtype)
    UNION ALL
    SELECT ours.name || ' is an index that does not begin with tenant_id' FROM pg_index i JOIN ours ON ours.oid = i.indexrelid
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE a.attname IS DISTINCT FROM 'tenant_id' AND ours.name NOT IN (\(Self.list(Self.exemptKeys)))
        -- Found in every tenant at once, by the functions of cb_due alone.
        AND ours.relname NOT IN ('outbox_due_key', 'subscriptions_ending_key')
    UNION ALL
    SELECT t.name || ' has the foreign key ' || k.conname || ', which can point into another tenant' FROM tables t
      JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
      WHERE NOT (
        (SELECT attname FROM pg_attribute WHERE attrelid = k.conrelid AND attnum = k.conkey[1]) = 'tenant_id'
        AND (SELECT attname FROM pg_attribute WHERE attrelid = k.confrelid AND attnum = k.confkey[1])
          = CASE WHEN k.confrelid = 'auth.tenants'::regclass THEN 'id' ELSE 'tenant_id' END)
    UNION ALL
    SELECT name || ' belongs to ' || pg_get_userbyid(relowner) FROM tables WHERE pg_get_userbyid(relowner) <> 'cb_owner'
    UNION ALL
    SELECT name || ' is neither table nor index' FROM ours WHERE relkind NOT IN ('r', 'p', 'i', 'I')
        -- The sequence of an identity column belongs to its table and needs no right of its own.
        AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = ours.oid AND d.deptype = 'i'))
    UNION ALL
    SELECT g.name || ' grants ' || g.privilege || ' to ' || g.grantee FROM grants g
      WHERE g.grantee <> 'cb_owner' AND NOT (
        g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        AND ((g.nspname, g.grantee) IN (\(schemas)) OR g.grantee = 'cb_lookup' AND g.name = 'auth.sign_in_attempts'))
        AND NOT (g.privilege = 'SELECT' AND g.grantee = 'cb_lookup' AND g.attname IS NOT NULL
          AND g.name IN ('auth.tenants', 'auth.users', 'auth.sessions'))
        AND NOT (g.privilege = 'SELECT' AND g.grantee = 'cb_due' AND g.attname IS NOT NULL
          AND g.attname NOT IN ('payload', 'subject', 'on_behalf_of'))
    UNION ALL
    SELECT g.name || ' lets its tenant be changed by ' || g.grantee FROM grants g
      WHERE g.privilege = 'UPDATE' AND g.grantee NOT IN ('cb_owner', 'cb_lookup')
        AND (g.attname IS NULL OR g.attname = 'tenant_id')
    UNION ALL
    SELECT g.name || ' is a trail that ' || g.grantee || ' may ' || g.privilege FROM grants g
      WHERE g.name LIKE '%.audit_events' AND g.grantee <> 'cb_owner' AND g.privilege <> 'INSERT'
    UNION ALL
    SELECT 'the schema ' || n.nspname || ' grants ' || g.privilege_type || ' to ' || coalesce(r.rolname, 'PUBLIC')
      FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
      WHERE n.nspname IN (\(Self.list(services.map(\.schema)))) AND coalesce(r.rolname, 'PUBLIC') <> 'cb_owner'
        AND NOT (g.privilege_type = 'USAGE' AND ((n.nspname, r.rolname) IN (\(schemas)) OR r.rolname = 'cb_lookup' AND n.nspname = 'auth'
          OR r.rolname = 'cb_due'))
    UNION ALL
    SELECT 'the schema public lets ' || coalesce(r.rolname, 'PUBLIC') || ' create'
      FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
      WHERE n.nspname = 'public' AND g.privilege_type = 'CREATE'
        AND coalesce(r.rolname, 'PUBLIC') NOT IN ('cb_owner', 'pg_database_owner', pg_get_userbyid(n.nspowner))
    UNION ALL
    SELECT 'what ' || pg_get_userbyid(d.defaclrole) || ' makes is granted to others from the start' FROM pg_default_acl d
    UNION ALL
    SELECT p.oid::regprocedure::text || ' runs with the rights of ' || pg_get_userbyid(p.proowner) || ', unguarded'
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prosecdef AND NOT (
        (n.nspname || '.' || p.proname IN (\(Self.list(Self.lookups))) AND pg_get_userbyid(p.proowner) = 'cb_lookup'
          OR \(Self.givesOnlyIDs)) AND p.proconfig::text LIKE '%search_path=pg_catalog%'
        AND NOT has_function_privilege('public', p.oid, 'EXECUTE'))
    UNION ALL
    SELECT rolname || ' may pass row-level security by' FROM pg_roles
      WHERE rolname IN (\(Self.list(roles))) AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole)
    UNION ALL
    SELECT pg_get_userbyid(m.member) || ' may act as ' || pg_get_userbyid(m.roleid) FROM pg_auth_members m
      WHERE pg_get_userbyid(m.member) IN (\(Self.list(roles)))
        AND NOT (pg_get_userbyid(m.member) = 'cb_owner' AND pg_get_userbyid(m.roleid) IN ('cb_lookup', 'cb_due'))
    UNION ALL
    SELECT t.name || ' has the trigger ' || g.tgname || ', which nobody has looked at' FROM tables t
      JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
    UNION ALL
    SELECT t.name || ' has the rule ' || w.rulename FROM tables t JOIN pg_rewrite w ON w.ev_class = t.oid
    ORDER BY 1
    """
  }

  /// Whether a policy's expression compares the tenant with the one of the transaction, and nothing else.
  private static func isTenantExpression(_ expression: String, _ table: String) -> String {
    """
    coalesce(pg_get_expr(\(expression), p.polrelid) ~
      ('^\\(' || CASE \(table).name WHEN 'auth.tenants' THEN 'id' ELSE 'tenant_id' END ||
       ' = \\( SELECT \\(NULLIF\\(current_setting\\(''app.current_tenant_id''::text, true\\), ''''::text\\)\\)::uuid AS "nullif"\\)\\)$'),
      false)
    """
  }

  private static func list(_ names: [String]) -> String {
    names.map { "'\($0)'" }.joined(separator: ", ")
  }
}
