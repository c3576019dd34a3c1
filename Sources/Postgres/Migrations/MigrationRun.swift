internal import CPostgres

/// One migrator at work, on a thread that may block.
struct MigrationRun: ~Copyable {
  private let connection: OpaquePointer

  /// Any number, the same for everybody who migrates: the letters of `cloudbil`.
  private static let lock = 0x636c_6f75_6462_696c

  init(conninfo: String) throws(MigrationError) {
    guard let connection = PQconnectdb(conninfo) else { throw .unavailable(reason: "out of memory") }
    guard PQstatus(connection) == CONNECTION_OK else {
      let reason = String(cString: PQerrorMessage(connection)).split(separator: "\n").joined(separator: "; ")
      PQfinish(connection)
      throw .unavailable(reason: reason)
    }
    self.connection = connection
    PQsetNoticeProcessor(connection, { _, _ in }, nil)
  }

  deinit {
    // The lock ends with the session.
    PQfinish(connection)
  }

  borrowing func apply(_ migrations: [Migration]) throws(MigrationError) -> [String] {
    let ordered = try Self.ordered(migrations)
    try run("set client_min_messages = warning; set statement_timeout = 0; set lock_timeout = 0", for: "(session)")
    try run("select pg_advisory_lock(\(Self.lock))", for: "(lock)")
    try run(
      """
      create table if not exists public.schema_migrations (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default now()
      )
      """, for: "(schema_migrations)")
    let applied = try recorded()
    try Self.check(applied.map(\.name), against: ordered.map(\.name))
    var new: [String] = []
    let known = Dictionary(uniqueKeysWithValues: applied.map { ($0.name, $0.checksum) })
    for migration in ordered {
      let checksum = try checksum(of: migration)
      if let before = known[migration.name] {
        guard before == checksum else { throw .checksumMismatch(name: migration.name) }
        continue
      }
      try applyOne(migration, checksum)
      new.append(migration.name)
    }
    return new
  }

  /// Pure: the migrations in the order of their names' bytes.
  static func ordered(_ migrations: [Migration]) throws(MigrationError) -> [Migration] {
    let ordered = migrations.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    for (one, next) in zip(ordered, ordered.dropFirst()) where one.name == next.name {
      throw .duplicateName(one.name)
    }
    return ordered
  }

  /// Pure: what a database has must be the beginning of what the program has.
  static func check(_ applied: [String], against ordered: [String]) throws(MigrationError) {
    for (index, name) in applied.enumerated() {
      guard ordered.contains(name) else { throw .unknownMigration(name: name) }
      if ordered[index] != name { throw .outOfOrder(name: ordered[index], after: name) }
    }
  }

  private borrowing func applyOne(_ migration: Migration, _ checksum: String) throws(MigrationError) {
    try run("begin", for: migration.name)
    do throws(MigrationError) {
      try run(migration.sql, for: migration.name)
      // A migration that ends the transaction itself would be half applied when it fails: refuse it before the record.
      guard PQtransactionStatus(connection) == PQTRANS_INTRANS else {
        throw .failed(
          name: migration.name, sqlState: "25P01", message: "it ends its transaction itself; leave out begin and commit"
        )
      }
      _ = try query(
        "insert into public.schema_migrations (name, checksum) values ($1, $2)", [migration.name, checksum],
        for: migration.name)
      try run("commit", for: migration.name)
    } catch {
      if PQtransactionStatus(connection) != PQTRANS_IDLE { PQclear(PQexec(connection, "rollback")) }
      throw error
    }
  }

  private borrowing func recorded() throws(MigrationError) -> [(name: String, checksum: String)] {
    try query(
      #"select name, checksum from public.schema_migrations order by name collate "C""#, [], for: "(schema_migrations)"
    ).map { (name: $0[0], checksum: $0[1]) }
  }

  private borrowing func checksum(of migration: Migration) throws(MigrationError) -> String {
    try query("select encode(sha256(convert_to($1, 'UTF8')), 'hex')", [migration.sql], for: migration.name)[0][0]
  }

  /// Runs any number of statements.
  private borrowing func run(_ sql: String, for name: String) throws(MigrationError) {
    guard !sql.utf8.contains(0) else { throw .failed(name: name, sqlState: "22021", message: "it contains a NUL") }
    _ = try checked(PQexec(connection, sql), for: name)
  }

  private borrowing func query(
    _ sql: String, _ values: [String], for name: String
  ) throws(MigrationError) -> [[String]] {
    guard !values.contains(where: { $0.utf8.contains(0) }) else {
      throw .failed(name: name, sqlState: "22021", message: "it contains a NUL")
    }
    var parameters = ParameterBuffer()
    for value in values {
      parameters.append(type: TypeIdentifier.text, text: true) { $0.append(contentsOf: value.utf8) }
    }
    let types = parameters.slots.map(\.type)
    var pointer: OpaquePointer?
    _ = parameters.withPointers { count, values, lengths, formats in
      pointer = PQexecParams(connection, sql, count, types, values, lengths, formats, 0)
      return 0
    }
    let result = try checked(pointer, for: name)
    return (0..<PQntuples(result.handle.pointer)).map { row in
      (0..<PQnfields(result.handle.pointer)).map { String(cString: PQgetvalue(result.handle.pointer, row, $0)) }
    }
  }

  private borrowing func checked(_ pointer: OpaquePointer?, for name: String) throws(MigrationError) -> ResultBox {
    guard let pointer else { throw .unavailable(reason: "out of memory") }
    let result = ResultBox(ResultHandle(owning: pointer))
    switch result.handle.status {
    case .tuples, .command, .empty: return result
    default:
      if PQstatus(connection) == CONNECTION_BAD { throw .unavailable(reason: "the connection was lost") }
      throw .failed(name: name, sqlState: result.handle.sqlState, message: result.handle.primaryMessage)
    }
  }
}
