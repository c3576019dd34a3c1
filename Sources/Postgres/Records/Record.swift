/// Named fields in an order: what a row of a table is, or what the parameters of a statement are. They are declared once, in `fields`, and
/// everything that reads or writes them goes over that list.
///
///     struct PlanRow: Record {
///       var id = ""
///       var price: Int64 = 0
///       var version: Int64 = 1
///
///       mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
///         try field("id", &id, .fixed)
///         try field("price", &price)
///         try field("version", &version, .counter)
///       }
///     }
public protocol Record: Sendable {
  /// A value for `fields` to go over, or to fill from a row.
  init()

  /// Visits each field, always all of them and in the same order.
  mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError)
}

/// What a statement writes of a field.
public enum FieldUse: Sendable, Hashable {
  /// Inserted and updated.
  case written
  /// Inserted, and never updated.
  case fixed
  /// Not inserted, so the column's default begins the count; each update adds one.
  case counter
  /// Read only.
  case generated
}

/// Whoever goes over the fields of a record.
public protocol FieldVisitor {
  mutating func visit<Value: PostgresField>(
    _ name: StaticString, _ value: inout Value, _ use: FieldUse
  ) throws(DatabaseError)
}

extension FieldVisitor {
  @inlinable
  public mutating func callAsFunction(
    _ name: StaticString, _ value: inout some PostgresField, _ use: FieldUse = .written
  ) throws(DatabaseError) {
    try visit(name, &value, use)
  }
}

extension Record {
  /// Reads a row whose columns are the record's fields, in their order.
  /// - Throws: `.unexpectedResult` when a field is null or of another type than declared.
  @inlinable
  public init(_ row: Row) throws(DatabaseError) {
    self.init()
    var reader = RowReader(row)
    try fields(&reader)
  }
}

extension Rows {
  /// Every row.
  @inlinable
  public func all<Result: Record>(_ type: Result.Type) throws(DatabaseError) -> [Result] {
    var records: [Result] = []
    records.reserveCapacity(count)
    for row in self { records.append(try Result(row)) }
    return records
  }
}

/// No fields: the parameters of a statement without any, or the columns of one that gives no rows.
public struct NoFields: Record {
  public init() {}
  public mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {}
}

/// Fills a record's fields from a row.
public struct RowReader: FieldVisitor {
  @usableFromInline let row: Row
  @usableFromInline var column = 0

  @inlinable
  init(_ row: Row) {
    self.row = row
  }

  @inlinable
  public mutating func visit<Value: PostgresField>(
    _ name: StaticString, _ value: inout Value, _ use: FieldUse
  ) throws(DatabaseError) {
    value = try Value.read(row, column)
    column += 1
  }
}

/// Adds those of a record's fields that a statement names to its parameters.
public struct ParameterWriter: FieldVisitor {
  @usableFromInline let isUsed: [Bool]
  @usableFromInline var index = 0
  @usableFromInline var parameters: ParameterBuffer

  @usableFromInline
  init(isUsed: [Bool]) {
    self.isUsed = isUsed
    parameters = ParameterBuffer()
    parameters.reserve(slots: isUsed.count, bytes: 16 * isUsed.count)
  }

  @inlinable
  public mutating func visit<Value: PostgresField>(_ name: StaticString, _ value: inout Value, _ use: FieldUse) {
    if isUsed[index] { value.encode(into: &parameters) }
    index += 1
  }
}

/// What is known of a field without a value.
struct FieldDescription: Sendable {
  let name: String
  let use: FieldUse
  let typeName: String
  let isNullable: Bool
  /// The type it is sent as.
  let parameterType: UInt32
  /// Whether it can be read from a column of a type.
  let accepts: @Sendable (UInt32) -> Bool
}

/// Lists the fields of a record.
private struct FieldLister: FieldVisitor {
  var fields: [FieldDescription] = []

  mutating func visit<Value: PostgresField>(_ name: StaticString, _ value: inout Value, _ use: FieldUse) {
    var parameters = ParameterBuffer()
    Value.encodeNull(into: &parameters)
    fields.append(
      FieldDescription(
        name: name.description, use: use, typeName: Value.typeName, isNullable: Value.isNullable,
        parameterType: parameters.slots.first?.type ?? 0, accepts: { Value.accepts(type: $0) }))
  }
}

extension Record {
  static var fieldDescriptions: [FieldDescription] {
    var lister = FieldLister()
    var record = Self()
    // A lister throws nothing.
    try? record.fields(&lister)
    return lister.fields
  }
}
