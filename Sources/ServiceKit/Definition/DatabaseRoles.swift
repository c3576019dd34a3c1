/// The roles that rights are given to. They belong to the whole PostgreSQL server and nobody logs in as them: each installation has login
/// roles of its own, which are members.
public enum DatabaseRoles {
  /// Owns every table and function of ours.
  public static let owner = "cb_owner"
  /// Owns the few functions that look behind the tenant context.
  public static let lookup = "cb_lookup"
  /// Owns the functions that tell of which tenants work is due: they give ids of tenants and rows, and the role can do nothing else.
  public static let due = "cb_due"

  /// All of them.
  public static func all(_ services: [ServiceDefinition]) -> [String] {
    [owner, lookup, due] + services.map(\.databaseRole)
  }

  /// SQL that makes those that are missing. Two that run at once wait for each other.
  ///
  /// A role of that name that could log in, from an installation of an older version, no longer can.
  public static func creation(_ services: [ServiceDefinition]) -> String {
    let names = all(services).map { "'\($0)'" }.joined(separator: ", ")
    return """
      DO $roles$
      DECLARE
        name text;
      BEGIN
        PERFORM pg_advisory_xact_lock(\(lockNumber));
        FOREACH name IN ARRAY ARRAY[\(names)] LOOP
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
          ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = name AND rolcanlogin) THEN
            EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', name);
          END IF;
        END LOOP;
        FOREACH name IN ARRAY ARRAY['\(lookup)', '\(due)'] LOOP
          IF NOT pg_has_role('\(owner)', name, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', name, '\(owner)');
          END IF;
        END LOOP;
      END $roles$;
      """
  }

  /// Any number, the same for everybody who makes roles.
  private static let lockNumber = 0x636c_6f75_6472_6f6c
}
