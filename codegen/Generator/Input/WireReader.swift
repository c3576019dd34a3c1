/// One field of a serialized message whose type is only known by number: how custom options arrive, since the C structs of
/// the options messages know nothing of our extensions.
struct WireField {
  enum Value {
    case varint(UInt64)
    case bytes([UInt8])
    /// The bits of a value of four or eight bytes.
    case fixed(UInt64)
  }

  var number: Int
  var value: Value
}

/// Splits serialized bytes into fields. Broken bytes end the list: `protoc` wrote them, so there are none.
enum WireReader {
  static func fields(_ bytes: [UInt8]) -> [WireField] {
    var result: [WireField] = []
    var position = 0
    while let tag = varint(bytes, &position) {
      guard let value = value(bytes, &position, wireType: tag & 7) else { return result }
      result.append(WireField(number: Int(tag >> 3), value: value))
    }
    return result
  }

  /// Reads what follows a tag.
  private static func value(_ bytes: [UInt8], _ position: inout Int, wireType: UInt64) -> WireField.Value? {
    switch wireType {
    case 0: return varint(bytes, &position).map(WireField.Value.varint)
    case 2:
      guard let length = varint(bytes, &position), length <= UInt64(bytes.count - position) else { return nil }
      defer { position += Int(length) }
      return .bytes(Array(bytes[position..<position + Int(length)]))
    case 1, 5:
      let count = wireType == 1 ? 8 : 4
      guard bytes.count - position >= count else { return nil }
      defer { position += count }
      return .fixed(fixed(bytes[position..<position + count]))
    default: return nil
    }
  }

  /// The bits of little-endian bytes.
  static func fixed(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads a varint of at most ten bytes.
  static func varint(_ bytes: [UInt8], _ position: inout Int) -> UInt64? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return result }
      shift += 7
    }
    return nil
  }
}

extension WireField {
  var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  var bytes: [UInt8]? {
    if case .bytes(let bytes) = value { return bytes }
    return nil
  }

  var integer: Int64? {
    if case .varint(let value) = value { return Int64(bitPattern: value) }
    return nil
  }

  /// The fields of an embedded message.
  var fields: [WireField] { bytes.map(WireReader.fields) ?? [] }
}
