import TestSupport
import Testing

@testable import Postgres

/// A kind of thing that is stored as text.
enum Color: String, PostgresConvertible {
  case red = "RED"
  case green = "GREEN"
}

struct ThingRow: Record, Equatable {
  var tenant = UUID(high: 0, low: 0)
  var id: Int64 = 0
  var color = Color.red
  var note: String?
  var madeAt = PostgresTimestamp(microseconds: 0)
  var weight: Int64 = 0
  var version: Int64 = 1
  var doubled: Int64 = 0

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("tenant_id", &tenant, .fixed)
    try field("id", &id, .fixed)
    try field("color", &color)
    try field("note", &note)
    try field("made_at", &madeAt, .fixed)
    try field("weight", &weight)
    try field("version", &version, .counter)
    try field("doubled", &doubled, .generated)
  }

  static let table = """
    create table thing (
      tenant_id uuid not null, id int8 primary key, color text not null, note text, made_at timestamptz not null,
      weight int8 not null, version int8 not null default 1, doubled int8 not null generated always as (weight * 2) stored);
    """
}

struct ThingKey: Record {
  var id: Int64 = 0

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("id", &id)
  }
}

struct ThingFilter: Record {
  var color: Color?
  var note: String?
  var limit: Int64 = 10

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("color", &color)
    try field("note", &note)
    try field("limit", &limit)
  }
}

struct Total: Record {
  var total: Int64 = 0

  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("total", &total)
  }
}

enum ThingStatements {
  static let find = DeclaredStatement<ThingKey, ThingRow>("SELECT {columns} FROM thing WHERE id = :id")
  static let list = DeclaredStatement<ThingFilter, ThingRow>(
    """
    SELECT {columns} FROM thing
    WHERE (:color::text IS NULL OR color = :color) AND (:note::text IS NULL OR note = :note) ORDER BY id LIMIT :limit
    """)
  static let count = DeclaredStatement<ThingFilter, Total>(
    "SELECT count(*) AS total FROM thing WHERE :color::text IS NULL OR color = :color")
  static let insert = DeclaredStatement<ThingRow, NoFields>("INSERT INTO thing ({names}) VALUES ({values})")
  static let update = DeclaredStatement<ThingRow, NoFields>("UPDATE thing SET {changes} WHERE id = :id")
  static let everything = DeclaredStatement<NoFields, ThingRow>("SELECT {columns} FROM thing ORDER BY id")
  static let all: [any AnyDeclaredStatement] = [find, list, count, insert, update, everything]
}

@Suite("Records")
struct RecordTests {
  @Test(
    "fields take their places in the text",
    arguments: [
      ("SELECT {columns} FROM t WHERE id = :id", "SELECT a, b FROM t WHERE id = $1", ["id"]),
      ("INSERT INTO t ({names}) VALUES ({values})", "INSERT INTO t (id, name) VALUES ($1, $2)", ["id", "name"]),
      (
        "UPDATE t SET {changes} WHERE id = :id", "UPDATE t SET name = $2, version = version + 1 WHERE id = $1",
        ["id", "name"]
      ),
      ("UPDATE t SET {changes}", "UPDATE t SET name = $1, version = version + 1", ["name"]),
      ("SELECT :made, :made, :id", "SELECT $2, $2, $1", ["id", "made"]),
      // Casts, quoted text and quoted names are no fields.
      (
        "SELECT :name::text, '::x :id {columns}', \":id\" FROM t",
        "SELECT $1::text, '::x :id {columns}', \":id\" FROM t", ["name"]
      ),
      ("SELECT 'it''s :id', :id", "SELECT 'it''s :id', $1", ["id"]),
      ("SELECT a[1:2], :id", "SELECT a[1:2], $1", ["id"]),
      ("SELECT '1'", "SELECT '1'", []),
    ])
  func templates(text: String, expected: String, used: [String]) {
    func described(_ name: String, _ use: FieldUse) -> FieldDescription {
      FieldDescription(name: name, use: use, typeName: "", isNullable: false, parameterType: 0, accepts: { _ in true })
    }
    let input = [
      described("id", .fixed), described("name", .written), described("version", .counter),
      described("made", .generated),
    ]
    let template = StatementTemplate(text, input: input, output: [described("a", .written), described("b", .fixed)])
    #expect(template.text == expected)
    #expect(zip(input, template.isUsed).filter(\.1).map(\.0.name) == used)
    #expect(template.unknown.isEmpty)
  }

  @Test("names that are no fields are told", arguments: [(":nope", ["nope"]), ("{nope} :id", ["{nope}", "id"])])
  func unknown(text: String, expected: [String]) {
    #expect(StatementTemplate(text, input: [], output: []).unknown == expected)
  }

  @Test("what is inserted is read, what is updated is changed, and nothing else")
  func roundTrip() async throws {
    try await withDatabase(ThingRow.table) { database, _ in
      var thing = ThingRow()
      thing.tenant = .random()
      thing.id = 7
      thing.color = .green
      thing.madeAt = PostgresTimestamp(microseconds: 1_700_000_000_123_456)
      thing.weight = 21
      try await database.unscoped(deadline: soon, ThingStatements.insert(thing))
      let read = try await database.unscoped(deadline: soon, ThingStatements.find(ThingKey(id: 7))) {
        try ThingRow($0.one())
      }
      thing.doubled = 42
      #expect(read == thing)

      var changed = read
      changed.tenant = .random()
      changed.madeAt = PostgresTimestamp(microseconds: 0)
      changed.color = .red
      changed.note = "noted"
      changed.weight = 1
      let count = try await database.unscoped(deadline: soon, ThingStatements.update(changed))
      #expect(count == 1)
      let again = try await database.unscoped(deadline: soon, ThingStatements.everything()) {
        try $0.all(ThingRow.self)
      }
      changed.tenant = thing.tenant
      changed.madeAt = thing.madeAt
      changed.version = 2
      changed.doubled = 2
      #expect(again == [changed])
    }
  }

  @Test("a filter that names a field twice sends it once; a null means no filter")
  func filters() async throws {
    try await withDatabase(ThingRow.table) { database, _ in
      for id in 1...4 {
        var thing = ThingRow()
        thing.id = Int64(id)
        thing.color = id.isMultiple(of: 2) ? .red : .green
        try await database.unscoped(deadline: soon, ThingStatements.insert(thing))
      }
      func found(_ filter: ThingFilter) async throws -> [Int64] {
        try await database.unscoped(deadline: soon, ThingStatements.list(filter)) {
          try $0.all(ThingRow.self).map(\.id)
        }
      }
      #expect(try await found(ThingFilter()) == [1, 2, 3, 4])
      #expect(try await found(ThingFilter(color: .red)) == [2, 4])
      #expect(try await found(ThingFilter(color: .green, limit: 1)) == [1])
      #expect(try await found(ThingFilter(note: "none")) == [])
      let total = try await database.unscoped(deadline: soon, ThingStatements.count(ThingFilter(color: .red))) {
        try Total($0.one()).total
      }
      #expect(total == 2)
    }
  }

  @Test("text that is none of an enumeration's is refused without being quoted")
  func strangeText() async throws {
    try await withDatabase(ThingRow.table) { database, test in
      try test.sql("insert into thing values (gen_random_uuid(), 1, 'SECRET', null, now(), 1)")
      let error = await failure {
        try await database.unscoped(deadline: soon, ThingStatements.everything()) { try $0.all(ThingRow.self) }
      }
      #expect(error == .unexpectedResult("column 2 (color) holds something that is no text we can represent"))
    }
  }
}

@Suite("The check of declared statements")
struct StatementCheckTests {
  @Test("finds nothing where everything fits")
  func fits() async throws {
    let test = try TestDatabase(ThingRow.table)
    let problems = try await StatementCheck(conninfo: test.conninfo).problems(of: ThingStatements.all)
    #expect(problems == [])
  }

  @Test(
    "finds each way in which the database and the program part",
    arguments: [
      ("alter table thing rename column note to remark", #"column "note""#),
      ("alter table thing alter column note type int4 using 1", "note is of type integer, text is read"),
      ("alter table thing alter column color drop not null", "color may be null, and is read as never null"),
      (
        "alter table thing drop column doubled; alter table thing alter column weight type int4",
        ":weight is sent as bigint, the database expects integer"
      ),
      ("alter table thing alter column made_at type timestamp", "made_at is of type timestamp without time zone"),
      ("drop table thing", #"relation "thing" does not exist"#),
    ])
  func parts(change: String, expected: String) async throws {
    let test = try TestDatabase(ThingRow.table + change)
    let problems = try await StatementCheck(conninfo: test.conninfo).problems(of: ThingStatements.all)
    #expect(problems.contains { $0.contains(expected) }, "\(problems)")
  }

  @Test("finds columns in another order, of other names, and of another number")
  func columns() async throws {
    let test = try TestDatabase(ThingRow.table)
    let statements: [(any AnyDeclaredStatement, String)] = [
      (DeclaredStatement<NoFields, ThingKey>("SELECT weight FROM thing"), "column 1 is weight, id is read"),
      (DeclaredStatement<NoFields, ThingKey>("SELECT id, id FROM thing"), "it gives 2 columns, 1 are read"),
      (DeclaredStatement<ThingKey, NoFields>("SELECT id FROM thing WHERE id = :id"), "it gives 1 columns, 0 are read"),
    ]
    for (statement, expected) in statements {
      let problems = try await StatementCheck(conninfo: test.conninfo).problems(of: [statement])
      #expect(problems.count == 1)
      #expect(problems.allSatisfy { $0.hasPrefix(expected) }, "\(problems)")
    }
  }
}
