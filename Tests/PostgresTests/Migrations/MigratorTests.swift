import Postgres
import TestSupport
import Testing

@Suite("The migrator")
struct MigratorTests {
  static let first = Migration(name: "0001_one", sql: "create table one (n int8); insert into one values (1);")
  static let second = Migration(name: "0002_two", sql: "alter table one add column m int8; -- größer")

  @Test("applies what is missing, in the order of the names, and nothing twice")
  func applies() async throws {
    let test = try TestDatabase()
    let migrator = Migrator(conninfo: test.conninfo)
    #expect(try await migrator.migrate([Self.first]) == ["0001_one"])
    #expect(try await migrator.migrate([Self.second, Self.first]) == ["0002_two"])
    #expect(try await migrator.migrate([Self.first, Self.second]) == [])
    try test.expect("select n from one", prints: "1\n")
    try test.expect("select name from schema_migrations order by name", prints: "0001_one\n0002_two\n")
  }

  @Test("leaves nothing of a migration that fails, and keeps those before it")
  func failing() async throws {
    let test = try TestDatabase()
    let broken = Migration(name: "0002_broken", sql: "create table two (n int8); select 1/0;")
    await #expect(throws: MigrationError.failed(name: "0002_broken", sqlState: "22012", message: "division by zero")) {
      try await Migrator(conninfo: test.conninfo).migrate([Self.first, broken])
    }
    try test.expect("select to_regclass('one') is not null, to_regclass('two') is null", prints: "t|t\n")
    try test.expect("select name from schema_migrations", prints: "0001_one\n")
  }

  @Test("refuses a migration that ends its transaction by itself")
  func ownCommit() async throws {
    let test = try TestDatabase()
    let committing = Migration(name: "0001_commit", sql: "create table one (n int8); commit; select 1;")
    let error = await refusal { try await Migrator(conninfo: test.conninfo).migrate([committing]) }
    guard case .failed(name: "0001_commit", sqlState: "25P01", message: _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("refuses a migration whose text was changed after it had been applied")
  func changed() async throws {
    let test = try TestDatabase()
    let migrator = Migrator(conninfo: test.conninfo)
    try await migrator.migrate([Self.first])
    let changed = Migration(name: Self.first.name, sql: Self.first.sql + " ")
    #expect(
      await refusal { try await migrator.migrate([changed, Self.second]) } == .checksumMismatch(name: "0001_one"))
    try test.expect("select count(*) from schema_migrations", prints: "1\n")
  }

  @Test("refuses a database that has a migration the program does not know, or has one out of order")
  func unknown() async throws {
    let test = try TestDatabase()
    let migrator = Migrator(conninfo: test.conninfo)
    try await migrator.migrate([Self.second.renamed("0002_two", sql: "select 1")])
    #expect(await refusal { try await migrator.migrate([Self.first]) } == .unknownMigration(name: "0002_two"))
    #expect(
      await refusal { try await migrator.migrate([Self.first, Self.second.renamed("0002_two", sql: "select 1")]) }
        == .outOfOrder(name: "0001_one", after: "0002_two"))
    #expect(await refusal { try await migrator.migrate([Self.first, Self.first]) } == .duplicateName("0001_one"))
  }

  @Test("two at once do the work once")
  func twoAtOnce() async throws {
    let test = try TestDatabase()
    let slow = Migration(name: "0001_slow", sql: "create table one (n int8); select pg_sleep(0.3);")
    let applied = try await withThrowingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { try await Migrator(conninfo: test.conninfo).migrate([slow, Self.second]) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(applied.filter { !$0.isEmpty } == [["0001_slow", "0002_two"]])
    try test.expect("select count(*) from schema_migrations", prints: "2\n")
  }

  @Test("a server that is not there is said")
  func unreachable() async throws {
    let error = await refusal { try await Migrator(conninfo: "host=/nowhere dbname=x").migrate([]) }
    guard case .unavailable? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  private func refusal<Result>(_ body: () async throws -> Result) async -> MigrationError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? MigrationError
    }
  }
}

extension Migration {
  fileprivate func renamed(_ name: String, sql: String) -> Migration { Migration(name: name, sql: sql) }
}
