/// A Swift value that can be read from a field of a row, in PostgreSQL's binary format.
public protocol PostgresDecodable {
  /// What it is called in an error.
  static var typeName: String { get }
  /// Whether fields of the PostgreSQL type with this number (`pg_type.oid`) can be read as this.
  static func accepts(type: UInt32) -> Bool
  /// Reads a field that is not null. `nil` when the bytes are not such a value.
  init?(field: UnsafeRawBufferPointer, type: UInt32)
}

extension UnsafeRawBufferPointer {
  /// The big-endian integer at `offset`, if the buffer is long enough.
  func bigEndian<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value? {
    guard offset >= 0, offset + MemoryLayout<Value>.size <= count else { return nil }
    return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}

extension UUID: PostgresDecodable {
  public static var typeName: String { "uuid" }
  public static func accepts(type: UInt32) -> Bool { type == TypeIdentifier.uuid }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard field.count == 16, let high = field.bigEndian(UInt64.self, at: 0),
      let low = field.bigEndian(UInt64.self, at: 8)
    else { return nil }
    self.init(high: high, low: low)
  }
}

extension Int64: PostgresDecodable {
  public static var typeName: String { "integer" }

  public static func accepts(type: UInt32) -> Bool {
    type == TypeIdentifier.int8 || type == TypeIdentifier.int4 || type == TypeIdentifier.int2
  }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    switch field.count {
    case 8: self = field.bigEndian(Int64.self, at: 0) ?? 0
    case 4: self = Int64(field.bigEndian(Int32.self, at: 0) ?? 0)
    case 2: self = Int64(field.bigEndian(Int16.self, at: 0) ?? 0)
    default: return nil
    }
  }
}

extension Int: PostgresDecodable {
  public static var typeName: String { Int64.typeName }
  public static func accepts(type: UInt32) -> Bool { Int64.accepts(type: type) }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard let value = Int64(field: field, type: type) else { return nil }
    self.init(value)
  }
}

extension Int32: PostgresDecodable {
  public static var typeName: String { "int4" }

  public static func accepts(type: UInt32) -> Bool {
    type == TypeIdentifier.int4 || type == TypeIdentifier.int2
  }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard let value = Int64(field: field, type: type), let narrow = Int32(exactly: value) else { return nil }
    self = narrow
  }
}

extension Bool: PostgresDecodable {
  public static var typeName: String { "bool" }
  public static func accepts(type: UInt32) -> Bool { type == TypeIdentifier.bool }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard field.count == 1 else { return nil }
    self = field[0] != 0
  }
}

extension PostgresTimestamp: PostgresDecodable {
  public static var typeName: String { "timestamptz" }
  public static func accepts(type: UInt32) -> Bool { type == TypeIdentifier.timestamptz }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard field.count == 8, let shifted = field.bigEndian(Int64.self, at: 0), shifted != .max, shifted != .min else {
      return nil
    }
    let (microseconds, overflow) = shifted.addingReportingOverflow(Self.epochMicroseconds)
    guard !overflow else { return nil }
    self.init(microseconds: microseconds)
  }
}

extension String: PostgresDecodable {
  public static var typeName: String { "text" }

  /// Text in all its names, JSON, and the labels of enums (user-defined types).
  public static func accepts(type: UInt32) -> Bool {
    switch type {
    case TypeIdentifier.text, TypeIdentifier.varchar, TypeIdentifier.bpchar, TypeIdentifier.name, TypeIdentifier.json,
      TypeIdentifier.jsonb, TypeIdentifier.numeric:
      true
    default: type >= TypeIdentifier.firstUserDefined
    }
  }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    var field = field
    if type == TypeIdentifier.numeric {
      guard let text = NumericFormat.text(of: field) else { return nil }
      self = text
      return
    }
    if type == TypeIdentifier.jsonb {
      guard field.first == 1 else { return nil }
      field = UnsafeRawBufferPointer(rebasing: field.dropFirst())
    }
    guard field.isASCII else {
      guard let text = String(validating: field, as: UTF8.self) else { return nil }
      self = text
      return
    }
    // Several times as cheap as the general way, which works through the buffer's protocols.
    self.init(unsafeUninitializedCapacity: field.count) { bytes in
      UnsafeMutableRawBufferPointer(bytes).copyMemory(from: field)
      return field.count
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var isASCII: Bool {
    var offset = 0
    var seen: UInt64 = 0
    while offset + 8 <= count {
      seen |= loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    while offset < count {
      seen |= UInt64(self[offset])
      offset += 1
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }
}

extension PostgresJSON: PostgresDecodable {
  public static var typeName: String { "jsonb" }
  public static func accepts(type: UInt32) -> Bool { type == TypeIdentifier.jsonb || type == TypeIdentifier.json }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard let text = String(field: field, type: type) else { return nil }
    self.init(text)
  }
}

extension PostgresNumeric: PostgresDecodable {
  public static var typeName: String { "numeric" }
  public static func accepts(type: UInt32) -> Bool { type == TypeIdentifier.numeric }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard let text = NumericFormat.text(of: field) else { return nil }
    self.init(text)
  }
}

extension [UInt8]: PostgresDecodable {
  public static var typeName: String { "bytea" }
  public static func accepts(type: UInt32) -> Bool { type == TypeIdentifier.bytea }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    self.init(field)
  }
}
