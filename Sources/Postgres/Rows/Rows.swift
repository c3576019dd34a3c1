internal import CPostgres
internal import Glibc

/// What a statement answered: its rows, and how many it touched.
public struct Rows: Sendable, RandomAccessCollection {
  private let box: ResultBox
  public let count: Int

  init(_ box: ResultBox) {
    self.box = box
    count = Int(PQntuples(box.handle.pointer))
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public subscript(position: Int) -> Row {
    precondition(position >= 0 && position < count, "row \(position) of \(count)")
    return Row(box: box, index: Int32(truncatingIfNeeded: position))
  }

  /// How many rows an `INSERT`, `UPDATE`, `DELETE` or `MERGE` changed; for `SELECT` the rows it gave.
  public var affected: Int {
    Int(String(cString: PQcmdTuples(box.handle.pointer))) ?? 0
  }

  /// The names of the columns, in order.
  public var columnNames: [String] {
    (0..<PQnfields(box.handle.pointer)).map { String(cString: PQfname(box.handle.pointer, $0)) }
  }

  /// The only row; `nil` when there is none.
  /// - Throws: `.unexpectedResult` when there are more.
  public func only() throws(DatabaseError) -> Row? {
    guard count <= 1 else { throw .unexpectedResult("\(count) rows where one at most was expected") }
    return first
  }

  /// The one row.
  /// - Throws: `.unexpectedResult` when there is none or more than one.
  public func one() throws(DatabaseError) -> Row {
    guard count == 1 else { throw .unexpectedResult("\(count) rows where exactly one was expected") }
    return self[0]
  }
}

/// One row. Fields are read by position, as the type the code names: `try row[0, as: UUID.self]`.
public struct Row: Sendable {
  private let box: ResultBox
  private let index: Int32

  init(box: ResultBox, index: Int32) {
    self.box = box
    self.index = index
  }

  /// Reads the field of a column that is never null.
  /// - Throws: `.unexpectedResult`, with the column's name and type and never its value, when it is null, of a type that is not read
  ///   as `Value`, or when there is no such column.
  @inlinable
  public subscript<Value: PostgresDecodable>(_ column: Int, as type: Value.Type) -> Value {
    get throws(DatabaseError) {
      guard let value = try read(column, as: type) else {
        throw unexpected(column, "is null, expected", Value.typeName)
      }
      return value
    }
  }

  /// Reads the field of a column that may be null: `try row[2, as: String?.self]`.
  @inlinable
  public subscript<Value: PostgresDecodable>(_ column: Int, as type: Value?.Type) -> Value? {
    get throws(DatabaseError) {
      try read(column, as: Value.self)
    }
  }

  public func isNull(_ column: Int) -> Bool {
    let result = box.handle.pointer
    guard column >= 0, column < Int(PQnfields(result)) else { return true }
    return PQgetisnull(result, index, Int32(column)) == 1
  }

  /// Inlined where the type is known: for a generic one the runtime would look up its optional for each field.
  @inlinable
  func read<Value: PostgresDecodable>(_ column: Int, as type: Value.Type) throws(DatabaseError) -> Value? {
    let field = try field(column)
    guard Value.accepts(type: field.type) else {
      throw unexpected(column, "has the type with oid \(field.type), expected", Value.typeName)
    }
    guard let bytes = field.bytes else { return nil }
    // The bytes are the result's, which the row holds.
    guard let value = withExtendedLifetime(self, { Value(field: bytes, type: field.type) }) else {
      throw unexpected(column, "holds something that is no", Value.typeName + " we can represent")
    }
    return value
  }

  @usableFromInline
  struct Field {
    @usableFromInline let type: UInt32
    /// Without bytes it is null.
    @usableFromInline let bytes: UnsafeRawBufferPointer?
  }

  @usableFromInline
  func field(_ column: Int) throws(DatabaseError) -> Field {
    let result = box.handle.pointer
    guard column >= 0, column < Int(PQnfields(result)) else {
      throw .unexpectedResult("there is no column \(column), the row has \(PQnfields(result))")
    }
    let position = Int32(truncatingIfNeeded: column)
    let type = PQftype(result, position)
    let length = Int(PQgetlength(result, index, position))
    if length == 0, PQgetisnull(result, index, position) == 1 { return Field(type: type, bytes: nil) }
    return Field(type: type, bytes: UnsafeRawBufferPointer(start: PQgetvalue(result, index, position), count: length))
  }

  @usableFromInline
  func unexpected(_ column: Int, _ what: String, _ expected: String) -> DatabaseError {
    .unexpectedResult("column \(name(column)) \(what) \(expected)")
  }

  private func name(_ column: Int) -> String {
    let result = box.handle.pointer
    return "\(column) (\(PQfname(result, Int32(truncatingIfNeeded: column)).map { String(cString: $0) } ?? "?"))"
  }
}
