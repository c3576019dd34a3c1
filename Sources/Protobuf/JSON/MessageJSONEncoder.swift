internal import CProtobufC

/// Writes C messages as JSON.
struct MessageJSONEncoder {
  let options: JSONEncodingOptions
  /// Where messages live that are unpacked on the way.
  let arena: Arena
  let isRest: Bool

  /// Depth that only a message built on purpose reaches: decoding allows fewer levels.
  private static let maximumDepth = 200

  init(options: JSONEncodingOptions, arena: Arena) {
    self.options = options
    self.arena = arena
    isRest = options.form == .rest
  }

  func message(
    _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, to output: inout [UInt8], depth: Int = 1
  ) throws(ProtobufError) {
    guard depth <= Self.maximumDepth else { throw .tooDeep(path: "", limit: Self.maximumDepth) }
    if let known = schema.wellKnown { return try wellKnown(known, base, schema, to: &output, depth: depth) }
    output.append(UInt8(ascii: "{"))
    var isFirst = true
    try members(base, schema, to: &output, isFirst: &isFirst, depth: depth)
    output.append(UInt8(ascii: "}"))
  }

  /// The members of a message without the braces around them.
  func members(
    _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, to output: inout [UInt8], isFirst: inout Bool, depth: Int
  ) throws(ProtobufError) {
    for position in schema.fields.indices {
      let field = schema.fields[position]
      guard let place = schema.place(position, in: base), isWritten(place, field) else { continue }
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      output.append(contentsOf: field.jsonKey)
      do throws(ProtobufError) {
        try value(of: place, field, in: schema, to: &output, depth: depth)
      } catch {
        throw error.within(field.jsonName)
      }
    }
  }

  @inline(__always)
  private func isWritten(_ place: FieldPlace, _ field: FieldSchema) -> Bool {
    if place.isRepeated { return isRest || place.count > 0 }
    if place.isInOneof || place.type == PROTOBUF_C_TYPE_MESSAGE { return place.isSet }
    guard isRest else { return !place.isDefault }
    switch place.type {
    case PROTOBUF_C_TYPE_STRING: return !place.isDefault
    case PROTOBUF_C_TYPE_ENUM:
      // The unspecified value has no spelling and says nothing.
      guard place.isDefault, case .enumeration(let schema) = field.type else { return true }
      return schema().spellsDefault
    default: return true
    }
  }

  /// The value of one field, whole.
  func value(
    of place: FieldPlace, _ field: FieldSchema, in schema: MessageSchema, to output: inout [UInt8], depth: Int
  ) throws(ProtobufError) {
    guard place.isRepeated else {
      let scale = isRest ? scale(of: field, in: schema, place.base) : nil
      return try value(at: place.member, place.type, field, scale: scale, to: &output, depth: depth)
    }
    if case .map(let entry) = field.type { return try map(place, entry(), to: &output, depth: depth) }
    let scale = isRest ? scale(of: field, in: schema, place.base) : nil
    output.append(UInt8(ascii: "["))
    if let elements = place.elements {
      for index in 0..<place.count {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        let element = elements + index * place.valueByteCount
        try value(at: element, place.type, field, scale: scale, to: &output, depth: depth)
      }
    }
    output.append(UInt8(ascii: "]"))
  }

  private func value(
    at member: UnsafeMutableRawPointer, _ type: ProtobufCType, _ field: FieldSchema, scale: Int?,
    to output: inout [UInt8],
    depth: Int
  ) throws(ProtobufError) {
    switch type {
    case PROTOBUF_C_TYPE_ENUM:
      enumeration(member.load(as: Int32.self), field, to: &output)
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let nested = member.load(as: UnsafeMutableRawPointer?.self), case .message(let lookup) = field.type else {
        output.append(contentsOf: "null".utf8)
        return
      }
      let schema = lookup()
      if let scale, schema.wellKnown == .wrapper, let value = schema.place(0, in: nested) {
        return scalar(at: value.member, value.type, scale: scale, to: &output)
      }
      try message(nested, schema, to: &output, depth: depth + 1)
    default:
      scalar(at: member, type, scale: scale, to: &output)
    }
  }

  func scalar(at member: UnsafeMutableRawPointer, _ type: ProtobufCType, scale: Int? = nil, to output: inout [UInt8]) {
    switch type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      let number = Int64(member.load(as: Int32.self))
      if let scale { JSONText.append(number, scale: scale, to: &output) } else { JSONText.append(number, to: &output) }
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      let number = Int64(member.load(as: UInt32.self))
      if let scale { JSONText.append(number, scale: scale, to: &output) } else { JSONText.append(number, to: &output) }
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      let number = member.load(as: Int64.self)
      if let scale { return JSONText.append(number, scale: scale, to: &output) }
      if !isRest { output.append(0x22) }
      JSONText.append(number, to: &output)
      if !isRest { output.append(0x22) }
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      if !isRest { output.append(0x22) }
      JSONText.append(magnitude: member.load(as: UInt64.self), negative: false, to: &output)
      if !isRest { output.append(0x22) }
    case PROTOBUF_C_TYPE_FLOAT: JSONText.append(member.load(as: Float.self), to: &output)
    case PROTOBUF_C_TYPE_DOUBLE: JSONText.append(member.load(as: Double.self), to: &output)
    case PROTOBUF_C_TYPE_BOOL: output.append(contentsOf: (member.load(as: Int32.self) != 0 ? "true" : "false").utf8)
    case PROTOBUF_C_TYPE_STRING: JSONText.append(member.load(as: UnsafePointer<CChar>?.self), to: &output)
    case PROTOBUF_C_TYPE_BYTES:
      let bytes = member.load(as: ProtobufCBinaryData.self)
      output.append(0x22)
      Base64.encode(UnsafeBufferPointer(start: bytes.data, count: bytes.data == nil ? 0 : bytes.len), into: &output)
      output.append(0x22)
    default: output.append(contentsOf: "null".utf8)
    }
  }

  private func enumeration(_ number: Int32, _ field: FieldSchema, to output: inout [UInt8]) {
    guard case .enumeration(let lookup) = field.type else { return JSONText.append(Int64(number), to: &output) }
    let schema = lookup()
    if schema.isNullValue, number == 0 {
      output.append(contentsOf: "null".utf8)
    } else if !schema.append(number, ownSpelling: isRest, to: &output) {
      JSONText.append(Int64(number), to: &output)
    }
  }

  private func map(
    _ place: FieldPlace, _ entry: MessageSchema, to output: inout [UInt8], depth: Int
  ) throws(ProtobufError) {
    output.append(UInt8(ascii: "{"))
    if let elements = place.elements {
      for index in 0..<place.count {
        let base = elements.load(fromByteOffset: index * 8, as: UnsafeMutableRawPointer?.self)
        guard let base, let key = entry.place(0, in: base), let value = entry.place(1, in: base) else { continue }
        if index > 0 { output.append(UInt8(ascii: ",")) }
        mapKey(key, to: &output)
        output.append(UInt8(ascii: ":"))
        if value.type == PROTOBUF_C_TYPE_MESSAGE, !value.isSet, case .message(let schema) = entry.fields[1].type {
          // An entry without its value on the wire means the empty message.
          try message(arena.makeMessage(schema()), schema(), to: &output, depth: depth + 1)
        } else {
          try self.value(of: value, entry.fields[1], in: entry, to: &output, depth: depth)
        }
      }
    }
    output.append(UInt8(ascii: "}"))
  }

  private func mapKey(_ key: FieldPlace, to output: inout [UInt8]) {
    let start = output.count
    scalar(at: key.member, key.type, to: &output)
    guard output[start] != 0x22 else { return }
    output.insert(0x22, at: start)
    output.append(0x22)
  }

  /// How many decimals the field's numbers have, `nil` for plain numbers.
  @inline(__always)
  private func scale(of field: FieldSchema, in schema: MessageSchema, _ base: UnsafeMutableRawPointer) -> Int? {
    switch field.format {
    case .plain: nil
    case .decimal(let scale): scale
    case .money(let currencyField): schema.currencyDecimals(currencyField, in: base)
    }
  }
}

extension MessageSchema {
  /// The decimals of the currency that a string field of the message holds.
  func currencyDecimals(_ field: String, in base: UnsafeMutableRawPointer) -> Int {
    guard let position = position(of: field), let place = place(position, in: base),
      place.type == PROTOBUF_C_TYPE_STRING
    else {
      return CurrencyDecimals.of("")
    }
    return CurrencyDecimals.of(String(storage: place.member.load(as: UnsafeMutablePointer<CChar>?.self)))
  }
}
