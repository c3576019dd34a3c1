/// The rules of `contract.md` decision 3 as one question to the catalogue: every line of the answer is a table, key, policy, grant, function
/// or role that breaks one. What is allowed to differ is named here, each with its reason.
enum IsolationRules {
  /// Keys that do not begin with the tenant.
  static let exemptKeys = [
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
  static let exemptTables = ["auth.sign_in_attempts", "public.schema_migrations"]

  static let question = """
    WITH ours AS (
      SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relname, n.nspname, c.relkind, c.relowner, c.relrowsecurity,
        c.relforcerowsecurity
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ), tables AS (
      SELECT * FROM ours WHERE relkind IN ('r', 'p') AND name <> 'public.schema_migrations'
    ), tenant_tables AS (
      SELECT * FROM tables WHERE name NOT IN (\(list(exemptTables)))
    )
    SELECT name || ' does not enable and force row-level security' FROM tables
      WHERE NOT (relrowsecurity AND relforcerowsecurity)
    UNION ALL
    SELECT name || ' has no tenant policy for everything, with USING and WITH CHECK' FROM tenant_tables t
      WHERE NOT EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polcmd = '*' AND p.polroles = '{0}' AND p.polpermissive
          AND \(isTenantExpression("p.polqual", "t")) AND \(isTenantExpression("p.polwithcheck", "t")))
    UNION ALL
    SELECT t.name || ' has the policy ' || p.polname || ', which lets rows of any tenant through' FROM tables t
      JOIN pg_policy p ON p.polrelid = t.oid
      WHERE NOT (\(isTenantExpression("p.polqual", "t")) AND \(isTenantExpression("p.polwithcheck", "t")))
        AND p.polroles <> ARRAY[(SELECT oid FROM pg_roles WHERE rolname = 'cb_lookup')]
    UNION ALL
    SELECT name || ' has no column tenant_id uuid NOT NULL' FROM tenant_tables t
      WHERE name <> 'auth.tenants' AND NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnotnull
          AND a.atttypid = 'uuid'::regtype)
    UNION ALL
    SELECT ours.name || ' is an index that does not begin with tenant_id' FROM pg_index i JOIN ours ON ours.oid = i.indexrelid
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE a.attname IS DISTINCT FROM 'tenant_id' AND ours.name NOT IN (\(list(exemptKeys)))
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
    UNION ALL
    SELECT t.name || ' grants ' || g.privilege_type || ' to ' || g.grantee FROM tables t
      JOIN information_schema.role_table_grants g ON g.table_schema = t.nspname AND g.table_name = t.relname
      WHERE g.grantee <> 'cb_owner' AND NOT (
        g.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        AND (g.grantee = 'auth_app' AND t.nspname = 'auth' OR g.grantee = 'billing_app' AND t.nspname = 'billing'
          OR g.grantee = 'cb_lookup' AND t.name = 'auth.sign_in_attempts'))
    UNION ALL
    SELECT t.name || ' lets its tenant be changed by ' || g.grantee FROM tables t
      JOIN information_schema.role_column_grants g ON g.table_schema = t.nspname AND g.table_name = t.relname
      WHERE g.column_name = 'tenant_id' AND g.privilege_type = 'UPDATE' AND g.grantee <> 'cb_owner'
    UNION ALL
    SELECT p.oid::regprocedure::text || ' runs with the rights of ' || pg_get_userbyid(p.proowner) || ', unguarded'
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prosecdef AND NOT (
        pg_get_userbyid(p.proowner) = 'cb_lookup' AND p.proconfig::text LIKE '%search_path=pg_catalog%'
        AND NOT has_function_privilege('public', p.oid, 'EXECUTE'))
    UNION ALL
    SELECT rolname || ' may pass row-level security by' FROM pg_roles
      WHERE rolname IN ('cb_owner', 'cb_lookup', 'auth_app', 'billing_app') AND (rolsuper OR rolbypassrls)
    ORDER BY 1
    """

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
