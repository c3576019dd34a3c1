internal import CProtobufC

/// The well-known types whose values have bounds that the wire format does not know: `timestamp.proto`, `duration.proto` and
/// `struct.proto` state them. A `FieldMask` and an `Any` have none on the wire.
struct BoundedTypes: Sendable {
  private let timestamp = Timestamp.schema.descriptor
  private let duration = ProtoDuration.schema.descriptor
  private let value = Value.schema.descriptor

  static let all = BoundedTypes()

  /// Checks the bytes of a message that are already known to be well-formed. Does nothing for a type without bounds.
  @inline(__always)
  func validate(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(ProtobufError) {
    if descriptor == timestamp.pointer {
      try Self.validateTimestamp(bytes)
    } else if descriptor == duration.pointer {
      try Self.validateDuration(bytes)
    } else if descriptor == value.pointer {
      try Self.validateValue(bytes)
    }
  }

  private static func validateTimestamp(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
    let (seconds, nanos) = secondsAndNanos(bytes)
    guard TimeText.isValid(Timestamp(seconds: seconds, nanos: nanos)) else {
      throw .invalidValue(path: "", expected: "a time in the years 1 to 9999 with 0 to 999,999,999 nanoseconds")
    }
  }

  private static func validateDuration(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
    let (seconds, nanos) = secondsAndNanos(bytes)
    guard TimeText.isValid(ProtoDuration(seconds: seconds, nanos: nanos)) else {
      throw .invalidValue(
        path: "",
        expected: "a duration of at most 10,000 years, its nanoseconds below one second and of the seconds' sign")
    }
  }

  /// A value is of some kind, and its number is one that JSON can say.
  private static func validateValue(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
    var reader = WireReader(bytes)
    var hasKind = false
    var number = 0.0
    while let tag = reader.varint() {
      let field = tag >> 3
      if (1...6).contains(field) {
        hasKind = true
        number = 0
      }
      if field == 2, tag & 7 == 1 {
        number = Double(bitPattern: reader.fixed64() ?? 0)
      } else {
        skip(tag, &reader)
      }
    }
    guard hasKind else { throw .invalidValue(path: "", expected: "a value of some kind") }
    guard number.isFinite else { throw .invalidValue(path: "", expected: "a finite number") }
  }

  /// The fields 1 and 2; the last of several counts.
  private static func secondsAndNanos(_ bytes: UnsafeRawBufferPointer) -> (seconds: Int64, nanos: Int32) {
    var reader = WireReader(bytes)
    var seconds: Int64 = 0
    var nanos: Int32 = 0
    while let tag = reader.varint() {
      switch tag {
      case 1 << 3: seconds = Int64(bitPattern: reader.varint() ?? 0)
      case 2 << 3: nanos = Int32(truncatingIfNeeded: reader.varint() ?? 0)
      default: skip(tag, &reader)
      }
    }
    return (seconds, nanos)
  }

  private static func skip(_ tag: UInt64, _ reader: inout WireReader) {
    switch tag & 7 {
    case 0: _ = reader.varint()
    case 1: _ = reader.skip(8)
    case 5: _ = reader.skip(4)
    default: if let length = reader.varint() { _ = reader.take(length) }
    }
  }
}
