import Postgres
import Reactor
import TestSupport
import Testing

@Suite("A statement in one round trip")
struct StatementTests {
  @Test("every type comes back as it was sent")
  func roundTrips() async throws {
    try await withDatabase("create type mood as enum ('glad', 'sad');") { database, _ in
      let id = UUID.random()
      let statement = Statement(
        """
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::mood, $11, $12, $13, $14
        """,
        id, Int64.min, Int32.max, true, "grüße 💶", [0, 255, 0] as [UInt8],
        PostgresTimestamp(microseconds: -1), PostgresJSON(#"{"a": [1, null]}"#),
        PostgresNumeric("-12345678901234567890.000120"),
        "sad", PostgresArray([id, .random()]), PostgresArray(["", "a,b\"{}"]), PostgresArray<Int64>([]), "")
      try await database.unscoped(deadline: soon, statement) { rows in
        let row = try rows.one()
        #expect(try row[0, as: UUID.self] == id)
        #expect(try row[1, as: Int64.self] == .min)
        #expect(try row[2, as: Int32.self] == .max)
        #expect(try row[2, as: Int.self] == Int(Int32.max))
        #expect(try row[3, as: Bool.self])
        #expect(try row[4, as: String.self] == "grüße 💶")
        #expect(try row[5, as: [UInt8].self] == [0, 255, 0])
        #expect(try row[6, as: PostgresTimestamp.self].microseconds == -1)
        #expect(try row[7, as: PostgresJSON.self].text == #"{"a": [1, null]}"#)
        #expect(try row[8, as: PostgresNumeric.self].text == "-12345678901234567890.000120")
        #expect(try row[9, as: String.self] == "sad")
        #expect(try row[10, as: PostgresArray<UUID>.self].elements.first == id)
        #expect(try row[11, as: PostgresArray<String>.self].elements == ["", "a,b\"{}"])
        #expect(try row[12, as: PostgresArray<Int64>.self].elements == [])
        #expect(try row[13, as: String.self] == "")
      }
    }
  }

  @Test("nulls of every type go out and come back")
  func nulls() async throws {
    try await withDatabase { database, _ in
      let statement = Statement(
        "select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10", UUID?.none, Int64?.none, Int32?.none, Bool?.none,
        String?.none,
        [UInt8]?.none, PostgresTimestamp?.none, PostgresJSON?.none, PostgresNumeric?.none, PostgresArray<UUID>?.none)
      try await database.unscoped(deadline: soon, statement) { rows in
        let row = try rows.one()
        #expect((0..<10).allSatisfy { row.isNull($0) })
        #expect(try row[0, as: UUID?.self] == nil)
        #expect(try row[4, as: String?.self] == nil)
        #expect(try row[9, as: PostgresArray<UUID>?.self] == nil)
      }
    }
  }

  @Test("a wrong expectation names the column and never the value")
  func mismatches() async throws {
    try await withDatabase { database, _ in
      try await database.unscoped(deadline: soon, Statement("select 'secret'::text as word, null::int8 as empty")) {
        rows in
        let row = try rows.one()
        let wrongType = refusal { try row[0, as: Int64.self] }
        #expect(wrongType == .unexpectedResult("column 0 (word) has the type with oid 25, expected integer"))
        let null = refusal { try row[1, as: Int64.self] }
        #expect(null == .unexpectedResult("column 1 (empty) is null, expected integer"))
        let missing = refusal { try row[2, as: Int64.self] }
        #expect(missing == .unexpectedResult("there is no column 2, the row has 2"))
      }
    }
  }

  @Test("what the schema refuses is told apart, with the constraint's name")
  func constraints() async throws {
    let setup = """
      create table parent (id int8 primary key);
      create table child (id int8 primary key, parent int8 references parent, amount int8 not null constraint positive check (amount > 0));
      insert into child values (1, null, 1);
      """
    try await withDatabase(setup) { database, _ in
      func insert(_ id: Int64, _ parent: Int64?, _ amount: Int64?) async -> DatabaseError? {
        await failure {
          try await database.unscoped(
            deadline: soon, Statement("insert into child values ($1, $2, $3)", id, parent, amount))
        }
      }
      #expect(await insert(1, nil, 1) == .constraint(kind: .unique, name: "child_pkey"))
      #expect(await insert(2, 9, 1) == .constraint(kind: .foreignKey, name: "child_parent_fkey"))
      #expect(await insert(2, nil, 0) == .constraint(kind: .check, name: "positive"))
      #expect(await insert(2, nil, nil) == .constraint(kind: .notNull, name: "amount"))
      #expect(await insert(2, nil, 5) == nil)
    }
  }

  @Test("a failure that shows at the commit is a failure, and the connection goes on")
  func deferredConstraint() async throws {
    let setup =
      "create table a (id int8 primary key); create table b (a int8 references a deferrable initially deferred);"
    try await withDatabase(setup, adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      for _ in 0..<3 {
        let error = await failure {
          try await database.unscoped(deadline: soon, Statement("insert into b values ($1)", Int64(7)))
        }
        #expect(error == .constraint(kind: .foreignKey, name: "b_a_fkey"))
      }
      try await database.unscoped(deadline: soon, Statement("insert into a values ($1)", Int64(7)))
      #expect(try await database.unscoped(deadline: soon, Statement("insert into b values ($1)", Int64(7))) == 1)
      try test.expect("select count(*) from b", prints: "1\n")
      #expect(database.statistics.connectionsLost == 0)
    }
  }

  @Test("text with a NUL is refused before anything is sent")
  func nul() async throws {
    try await withDatabase { database, _ in
      let error = await failure {
        try await database.unscoped(deadline: soon, Statement("select $1, $2", Int64(1), "a\0b"))
      }
      #expect(error == .invalidParameter(index: 2, reason: "text cannot hold a NUL"))
      #expect(database.statistics.roundTrips == 0)
    }
  }

  @Test("a statement that cannot be parsed fails alone, each time")
  func syntaxError() async throws {
    try await withDatabase("", adjusting: { $0.connectionsPerLoop = 1 }) { database, _ in
      for _ in 0..<3 {
        let error = await failure { try await database.unscoped(deadline: soon, Statement("selekt 1")) }
        #expect(error == .server(sqlState: "42601"))
        let count = try await database.unscoped(deadline: soon, Statement("select 1"))
        #expect(count == 1)
      }
    }
  }

  @Test("a statement that opens a transaction of its own is no success and leaves nothing open")
  func openedTransaction() async throws {
    try await withDatabase("create table t (n int8);", adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let error = await failure { try await database.unscoped(deadline: soon, Statement("begin")) }
      #expect(error == .server(sqlState: "25001"))
      try await database.unscoped(deadline: soon, Statement("insert into t values (1)"))
      try test.expect("select count(*) from t", prints: "1\n")
    }
  }

  @Test("a table changed under a prepared statement is no error for the caller")
  func changedTable() async throws {
    try await withDatabase(
      "create table t (n int8); insert into t values (1);", adjusting: { $0.connectionsPerLoop = 1 }
    ) { database, test in
      #expect(try await database.unscoped(deadline: soon, Statement("select * from t")) { $0.columnNames } == ["n"])
      try test.sql("alter table t add column m int8")
      #expect(
        try await database.unscoped(deadline: soon, Statement("select * from t")) { $0.columnNames } == ["n", "m"])
    }
  }

  private func refusal<Result>(_ body: () throws -> Result) -> DatabaseError? {
    do {
      _ = try body()
      return nil
    } catch {
      return error as? DatabaseError
    }
  }
}
