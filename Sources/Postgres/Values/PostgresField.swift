/// A Swift type that a field of a `Record` may have: a value for a column that is never null, or an optional for one that may be.
public protocol PostgresField: PostgresEncodable {
  /// What it is called in an error.
  static var typeName: String { get }
  /// Whether it stands for a column that may be null.
  static var isNullable: Bool { get }
  /// Whether columns of the PostgreSQL type with this number can be read as this.
  static func accepts(type: UInt32) -> Bool
  /// Reads the field of a row.
  static func read(_ row: Row, _ column: Int) throws(DatabaseError) -> Self
}

extension PostgresField where Self: PostgresDecodable {
  public static var isNullable: Bool { false }

  @inlinable
  public static func read(_ row: Row, _ column: Int) throws(DatabaseError) -> Self {
    try row[column, as: Self.self]
  }
}

extension Optional: PostgresField where Wrapped: PostgresField & PostgresDecodable {
  public static var typeName: String { Wrapped.typeName }
  public static var isNullable: Bool { true }
  public static func accepts(type: UInt32) -> Bool { Wrapped.accepts(type: type) }

  @inlinable
  public static func read(_ row: Row, _ column: Int) throws(DatabaseError) -> Self {
    try row[column, as: Wrapped?.self]
  }
}

extension UUID: PostgresField {}
extension Int64: PostgresField {}
extension Int: PostgresField {}
extension Int32: PostgresField {}
extension Bool: PostgresField {}
extension String: PostgresField {}
extension [UInt8]: PostgresField {}
extension PostgresTimestamp: PostgresField {}
extension PostgresJSON: PostgresField {}
extension PostgresNumeric: PostgresField {}
extension PostgresArray: PostgresField {}

/// A type of the program's own that is stored as another one: a moment as a timestamp, an enumeration as text.
public protocol PostgresConvertible: PostgresField, PostgresDecodable {
  associatedtype Stored: PostgresEncodable & PostgresDecodable

  /// `nil` when the stored value is none of this type's.
  init?(stored: Stored)
  var stored: Stored { get }
}

extension PostgresConvertible {
  public static var typeName: String { Stored.typeName }
  public static func accepts(type: UInt32) -> Bool { Stored.accepts(type: type) }

  @inlinable
  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard let stored = Stored(field: field, type: type) else { return nil }
    self.init(stored: stored)
  }

  @inlinable
  public func encode(into parameters: inout ParameterBuffer) { stored.encode(into: &parameters) }
  public static func encodeNull(into parameters: inout ParameterBuffer) { Stored.encodeNull(into: &parameters) }
}

extension PostgresConvertible where Self: RawRepresentable, RawValue == Stored {
  public init?(stored: Stored) { self.init(rawValue: stored) }
  public var stored: Stored { rawValue }
}
