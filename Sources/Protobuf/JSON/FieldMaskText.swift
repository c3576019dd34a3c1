/// Field masks write `a_b.c` as `aB.c` in JSON; only names that survive both ways are allowed.
enum FieldMaskText {
  static func camelCase(_ path: String) -> String? {
    var output: [UInt8] = []
    var afterUnderscore = false
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "_"):
        guard !afterUnderscore else { return nil }
        afterUnderscore = true
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        output.append(afterUnderscore ? byte - 32 : byte)
        afterUnderscore = false
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
        guard !afterUnderscore else { return nil }
        output.append(byte)
      default: return nil
      }
    }
    return afterUnderscore ? nil : String(decoding: output, as: UTF8.self)
  }

  static func snakeCase(_ path: Substring) -> String? {
    var output: [UInt8] = []
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        output.append(UInt8(ascii: "_"))
        output.append(byte + 32)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
        output.append(byte)
      default: return nil
      }
    }
    return output.isEmpty ? nil : String(decoding: output, as: UTF8.self)
  }
}

/// The types that `google.protobuf.Any` may hold.
enum AnyType {
  private static let wellKnown: [TextKey: MessageSchema] = {
    let schemas = [
      Timestamp.schema, ProtoDuration.schema, FieldMask.schema, Struct.schema, Value.schema, ListValue.schema,
      AnyMessage.schema, Empty.schema, DoubleValue.schema, FloatValue.schema, Int64Value.schema, UInt64Value.schema,
      Int32Value.schema, UInt32Value.schema, BoolValue.schema, StringValue.schema, BytesValue.schema,
    ]
    return Dictionary(uniqueKeysWithValues: schemas.map { (TextKey($0.name), $0) })
  }()

  /// The schema that `…/full.Name` means.
  static func schema(url: String, _ registry: (String) -> MessageSchema?) -> MessageSchema? {
    guard let slash = url.lastIndex(of: "/") else { return nil }
    let name = String(url[url.index(after: slash)...])
    return wellKnown[TextKey(name)] ?? registry(name)
  }
}
