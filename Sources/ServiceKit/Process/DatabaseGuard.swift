internal import Postgres
internal import Reactor
internal import Synchronization

/// Watches over a service's database: refuses one in which the service's role could see past its tenant, and knows whether it answers.
final class DatabaseGuard: Sendable {
  /// How often the database is asked whether it is there.
  static let interval: Duration = .seconds(1)
  /// A question takes no longer.
  static let patience: Duration = .seconds(2)

  private let database: Database
  private let reachable = Atomic<Bool>(false)

  init(_ database: Database) {
    self.database = database
  }

  var isReachable: Bool { reachable.load(ordering: .relaxed) }

  /// Asks again and again until the task is cancelled. The role's rights are looked at when the database answers for the first time.
  /// - Parameter told: whether the database answers, each time.
  /// - Throws: `ServiceProcessError.database` when the role could see past its tenant.
  func watch(_ told: (Bool) -> Void) async throws(ServiceProcessError) {
    var isVerified = false
    while !Task.isCancelled {
      if isVerified {
        await check()
      } else {
        isVerified = try await verify()
      }
      told(isReachable)
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Looks at the role's rights. Answers false while the database is away.
  func verify() async throws(ServiceProcessError) -> Bool {
    let objections: [String]
    do throws(DatabaseError) {
      objections = try await database.unscoped(deadline: .after(Self.patience), Statement(Self.rights)) { rows in
        try rows.map { try $0[0, as: String.self] }
      }
    } catch {
      return false
    }
    guard objections.isEmpty else { throw .database(objections) }
    reachable.store(true, ordering: .relaxed)
    return true
  }

  private func check() async {
    do {
      try await database.unscoped(deadline: .after(Self.patience), Statement("SELECT 1"))
      reachable.store(true, ordering: .relaxed)
    } catch {
      reachable.store(false, ordering: .relaxed)
    }
  }

  /// `contract.md` decision 3: no superuser, no `BYPASSRLS`, owner of nothing, no `TRUNCATE`, and row-level security forced on each table
  /// the role can reach; neither by itself nor by a role it may act as. A view shows what its owner may see, so there must be none.
  private static let rights: StaticString = """
    WITH roles AS (
      SELECT oid, rolname, rolsuper, rolbypassrls,
        CASE WHEN rolname = current_user THEN 'the role ' ELSE 'the role may act as ' END || rolname AS name
      FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
        AND (rolname = current_user OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
    ), ours AS (
      SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relowner, c.relrowsecurity AND c.relforcerowsecurity AS forced
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
    )
    SELECT CASE WHEN rolname = current_user THEN name || ' is a superuser' ELSE name || ', a superuser' END
      FROM roles WHERE rolsuper
    UNION ALL
    SELECT CASE WHEN rolname = current_user THEN name || ' bypasses row-level security'
        ELSE name || ', which bypasses row-level security' END
      FROM roles WHERE rolbypassrls
    UNION ALL
    SELECT CASE WHEN r.rolname = current_user THEN 'the role owns ' || o.name ELSE r.name || ', which owns ' || o.name END
      FROM ours o JOIN roles r ON r.oid = o.relowner
    UNION ALL
    SELECT 'the role may truncate ' || name FROM ours
      WHERE relkind IN ('r', 'p') AND has_table_privilege(current_user, oid, 'TRUNCATE')
    UNION ALL
    SELECT CASE WHEN relkind IN ('r', 'p') THEN 'row-level security is not forced on ' || name
        ELSE 'row-level security does not guard ' || name END
      FROM ours WHERE NOT forced AND (has_any_column_privilege(current_user, oid, 'SELECT, INSERT, UPDATE')
        OR has_table_privilege(current_user, oid, 'DELETE'))
    """
}
