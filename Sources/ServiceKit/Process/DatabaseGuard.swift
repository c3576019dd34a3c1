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
  /// - Throws: `ServiceProcessError.database` when the role could see past its tenant.
  func watch() async throws(ServiceProcessError) {
    var isVerified = false
    while !Task.isCancelled {
      if isVerified {
        await check()
      } else {
        isVerified = try await verify()
      }
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
  /// the role can reach.
  private static let rights: StaticString = """
    SELECT 'the role ' || rolname || ' is a superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
    UNION ALL
    SELECT 'the role ' || rolname || ' bypasses row-level security' FROM pg_roles
      WHERE rolname = current_user AND rolbypassrls
    UNION ALL
    SELECT 'the role owns ' || c.oid::regclass::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
      WHERE r.rolname = current_user AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'the role may truncate ' || c.oid::regclass::text FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)'
        AND has_table_privilege(current_user, c.oid, 'TRUNCATE')
    UNION ALL
    SELECT 'row-level security is not forced on ' || c.oid::regclass::text FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)'
        AND has_any_column_privilege(current_user, c.oid, 'SELECT, INSERT, UPDATE')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    """
}
