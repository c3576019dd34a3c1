/// PostgreSQL's numbers of the types we send and read (`pg_type.oid`; they never change).
enum TypeIdentifier {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let name: UInt32 = 19
  static let int8: UInt32 = 20
  static let int2: UInt32 = 21
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let json: UInt32 = 114
  static let bpchar: UInt32 = 1042
  static let varchar: UInt32 = 1043
  static let date: UInt32 = 1082
  static let timestamptz: UInt32 = 1184
  static let numeric: UInt32 = 1700
  static let uuid: UInt32 = 2950
  static let jsonb: UInt32 = 3802
  static let textArray: UInt32 = 1009
  static let int4Array: UInt32 = 1007
  static let int8Array: UInt32 = 1016
  static let uuidArray: UInt32 = 2951
  /// The first number given to types a database defines itself, enums among them.
  static let firstUserDefined: UInt32 = 16384
}

/// The parameters of one statement in the form they travel in: all bytes in one buffer.
public struct ParameterBuffer: Sendable {
  struct Slot: Sendable {
    var type: UInt32
    /// 1 binary, 0 text.
    var format: Int32
    /// Where the bytes begin; a null has none.
    var offset: Int?
    var count: Int
  }

  private(set) var bytes: [UInt8] = []
  private(set) var slots: [Slot] = []
  /// The first parameter (from 1) that cannot be sent, and why.
  private(set) var refusal: DatabaseError?
  /// Differs when the types differ: the same text with other types is another prepared statement.
  private(set) var signature: UInt32 = 2_166_136_261

  mutating func reserve(slots count: Int, bytes size: Int) {
    slots.reserveCapacity(count)
    bytes.reserveCapacity(size)
  }

  mutating func appendNull(type: UInt32) {
    append(Slot(type: type, format: 1, offset: nil, count: 0))
  }

  /// Adds a parameter whose bytes `write` appends.
  mutating func append(type: UInt32, text: Bool = false, _ write: (inout [UInt8]) -> Void) {
    let start = bytes.count
    write(&bytes)
    append(Slot(type: type, format: text ? 0 : 1, offset: start, count: bytes.count - start))
    // libpq takes text parameters as C strings.
    if text { bytes.append(0) }
  }

  mutating func refuse(type: UInt32, _ reason: String) {
    if refusal == nil { refusal = .invalidParameter(index: slots.count + 1, reason: reason) }
    appendNull(type: type)
  }

  private mutating func append(_ slot: Slot) {
    slots.append(slot)
    signature = (signature ^ slot.type) &* 16_777_619
  }
}

extension [UInt8] {
  mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
