internal import CPostgres
internal import Reactor

/// Compares declared statements with a migrated database, as sqlx does for Rust: each must prepare, its parameters must be of the types that
/// the database expects, and its columns must have the names, the types and the nullability that the program reads. For tests.
public struct StatementCheck: Sendable {
  private let conninfo: String

  /// - Parameter conninfo: libpq connection string of a role that may run the statements.
  public init(conninfo: String) {
    self.conninfo = conninfo
  }

  /// What does not fit, in words; empty when everything does. It blocks in libpq, so it runs on a thread of its own.
  /// - Throws: `DatabaseError.unavailable` without a connection.
  public func problems(of statements: [any AnyDeclaredStatement]) async throws -> [String] {
    let descriptions = statements.map(\.description)
    let helper = BlockingPool(threads: 1, queueLimit: 1)
    defer { helper.stop() }
    return try await helper.run {
      let connection = try CheckConnection(conninfo)
      return descriptions.flatMap { connection.problems(of: $0) }
    }
  }
}

private struct CheckConnection: ~Copyable {
  private let connection: OpaquePointer

  init(_ conninfo: String) throws(DatabaseError) {
    guard let connection = PQconnectdb(conninfo) else { throw .unavailable(reason: "out of memory") }
    guard PQstatus(connection) == CONNECTION_OK else {
      let reason = String(cString: PQerrorMessage(connection))
      PQfinish(connection)
      throw .unavailable(reason: reason)
    }
    self.connection = connection
    PQsetNoticeProcessor(connection, { _, _ in }, nil)
  }

  deinit {
    PQfinish(connection)
  }

  borrowing func problems(of statement: StatementDescription) -> [String] {
    let types = statement.parameters.map(\.parameterType)
    var found: [String] = []
    // As the program prepares it; then with every type left to the database, which tells what it expects.
    guard let described = describe(statement.text, types, &found) else {
      return found.map { "\($0): \(statement.text)" }
    }
    found += columnProblems(statement.columns, described)
    var complaints: [String] = []
    if let free = describe(statement.text, types.map { _ in 0 }, &complaints) {
      for (index, parameter) in statement.parameters.enumerated() {
        let expected = PQparamtype(free.handle.pointer, Int32(index))
        if !Self.isSame(parameter.parameterType, expected) {
          found.append(
            ":\(parameter.name) is sent as \(name(ofType: parameter.parameterType)), the database expects \(name(ofType: expected))"
          )
        }
      }
    } else {
      found += complaints
    }
    return found.map { "\($0): \(statement.text)" }
  }

  private borrowing func describe(_ text: String, _ types: [UInt32], _ found: inout [String]) -> ResultBox? {
    let prepared = ResultHandle(owning: PQprepare(connection, "", text, Int32(types.count), types))
    guard prepared.status == .command else {
      found.append(prepared.primaryMessage)
      return nil
    }
    let described = ResultHandle(owning: PQdescribePrepared(connection, ""))
    guard described.status == .command else {
      found.append(described.primaryMessage)
      return nil
    }
    return ResultBox(described)
  }

  private borrowing func columnProblems(_ fields: [FieldDescription], _ described: ResultBox) -> [String] {
    let result = described.handle.pointer
    let count = Int(PQnfields(result))
    guard count == fields.count else { return ["it gives \(count) columns, \(fields.count) are read"] }
    return fields.enumerated().flatMap { index, field -> [String] in
      let column = Int32(index)
      var found: [String] = []
      let name = String(cString: PQfname(result, column))
      if name != field.name { found.append("column \(index + 1) is \(name), \(field.name) is read") }
      let type = PQftype(result, column)
      if !field.accepts(type) {
        found.append("\(name) is of type \(self.name(ofType: type)), \(field.typeName) is read")
      }
      if !field.isNullable, mayBeNull(PQftable(result, column), PQftablecol(result, column)) {
        found.append("\(name) may be null, and is read as never null")
      }
      return found
    }
  }

  /// Text in all its names is sent alike.
  private static func isSame(_ sent: UInt32, _ expected: UInt32) -> Bool {
    let text = [TypeIdentifier.text, TypeIdentifier.varchar, TypeIdentifier.bpchar, TypeIdentifier.name]
    return sent == expected || text.contains(sent) && text.contains(expected)
  }

  /// Whether a column of a table may be null. Nothing is known of expressions.
  private borrowing func mayBeNull(_ table: UInt32, _ column: Int32) -> Bool {
    guard table != 0 else { return false }
    return ask("select not attnotnull from pg_attribute where attrelid = \(table) and attnum = \(column)") == "t"
  }

  private borrowing func name(ofType type: UInt32) -> String { ask("select \(type)::regtype") }

  private borrowing func ask(_ sql: String) -> String {
    let result = ResultHandle(owning: PQexec(connection, sql))
    guard result.status == .tuples, PQntuples(result.pointer) == 1 else { return "?" }
    return String(cString: PQgetvalue(result.pointer, 0, 0))
  }
}
