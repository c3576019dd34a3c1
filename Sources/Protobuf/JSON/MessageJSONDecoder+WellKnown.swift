internal import CProtobufC
internal import CWellKnown

// The well-known types have JSON forms of their own.
extension MessageJSONDecoder {
  func wellKnown(
    _ known: WellKnownType, _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, from value: JSONCursor, depth: Int
  ) throws(ProtobufError) {
    switch known {
    case .timestamp:
      guard case .string = value.kind, let time = TimeText.timestamp(value.text) else {
        throw .invalidValue(path: "", expected: "a time such as 2025-11-24T10:30:00Z")
      }
      time.store(into: base.assumingMemoryBound(to: Google__Protobuf__Timestamp.self), arena: arena)
    case .duration:
      guard case .string = value.kind, let duration = TimeText.duration(value.text) else {
        throw .invalidValue(path: "", expected: "a duration such as 1.5s")
      }
      duration.store(into: base.assumingMemoryBound(to: Google__Protobuf__Duration.self), arena: arena)
    case .fieldMask:
      guard case .string = value.kind, let mask = Self.mask(value.string) else {
        throw .invalidValue(path: "", expected: "field names in camel case, separated by commas")
      }
      mask.store(into: base.assumingMemoryBound(to: Google__Protobuf__FieldMask.self), arena: arena)
    case .wrapper:
      guard let place = schema.place(0, in: base) else { return }
      try scalar(value, at: place.member, place.type)
    case .structure:
      guard case .object = value.kind else { throw .invalidValue(path: "", expected: "an object") }
      try inner(0, base, schema, from: value, depth: depth)
    case .listValue:
      guard case .array = value.kind else { throw .invalidValue(path: "", expected: "an array") }
      try inner(0, base, schema, from: value, depth: depth)
    case .value:
      if isRest, case .number = value.kind, !ScalarText.isHeld(value.text) {
        throw .invalidValue(path: "", expected: "a number that double precision holds as it is written")
      }
      try inner(Self.kindPosition(of: value), base, schema, from: value, depth: depth)
    case .any:
      try any(base, from: value, depth: depth)
    }
  }

  /// Reads the value as a field of the message, without naming that field in errors: JSON does not show it.
  private func inner(
    _ position: Int, _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, from value: JSONCursor, depth: Int
  ) throws(ProtobufError) {
    do throws(ProtobufError) {
      try field(position, of: schema, in: base, from: value, scale: nil, depth: depth)
    } catch {
      throw error.without(schema.fields[position].jsonName)
    }
  }

  /// Which field of `google.protobuf.Value` a JSON value goes to.
  private static func kindPosition(of value: JSONCursor) -> Int {
    switch value.kind {
    case .null: 0
    case .number: 1
    case .string: 2
    case .bool: 3
    case .object: 4
    case .array: 5
    }
  }

  private static func mask(_ text: String) -> FieldMask? {
    var mask = FieldMask()
    guard !text.isEmpty else { return mask }
    for path in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let name = FieldMaskText.snakeCase(path) else { return nil }
      mask.paths.append(name)
    }
    return mask
  }

  private func any(_ base: UnsafeMutableRawPointer, from value: JSONCursor, depth: Int) throws(ProtobufError) {
    guard case .object = value.kind else { throw .invalidValue(path: "", expected: "an object") }
    guard value.count > 0 else { return }
    var url: String?
    var content: JSONCursor?
    for (key, member) in value.members {
      switch TextKey(key.string) {
      case "@type":
        guard url == nil else { throw .duplicateField(path: "@type") }
        guard case .string = member.kind else { throw .invalidValue(path: "@type", expected: "a string") }
        url = member.string
      case "value": content = member
      default: continue
      }
    }
    guard let url, let schema = AnyType.schema(url: url, options.typeRegistry) else {
      throw .invalidValue(path: "@type", expected: "the name of a known type")
    }
    let message: UnsafeMutableRawPointer
    if schema.wellKnown != nil {
      guard let content, value.count == 2 else {
        throw .invalidValue(path: "", expected: "the members @type and value")
      }
      message = try self.message(content, schema, depth: depth + 1)
    } else {
      message = arena.makeMessage(schema)
      var seen: [Int] = []
      try members(message, schema, from: value, seen: &seen, skipping: "@type", depth: depth + 1)
    }
    let packed = arena.pack(message)
    let storage = base.assumingMemoryBound(to: Google__Protobuf__Any.self)
    storage.pointee.type_url = arena.store(url)
    storage.pointee.value = ProtobufCBinaryData(len: packed.count, data: packed.baseAddress)
  }
}

extension Arena {
  /// The serialized form of a C message, in this arena.
  func pack(_ base: UnsafeMutableRawPointer) -> UnsafeMutableBufferPointer<UInt8> {
    let message = UnsafePointer(base.assumingMemoryBound(to: ProtobufCMessage.self))
    let count = protobuf_c_message_get_packed_size(message)
    let bytes = allocate(UInt8.self, count: count)
    protobuf_c_message_pack(message, bytes)
    return UnsafeMutableBufferPointer(start: bytes, count: count)
  }
}

extension ProtobufError {
  /// The same error with the outermost name taken off its path.
  func without(_ field: String) -> ProtobufError {
    guard path == field || path.hasPrefix(field + ".") else { return self }
    let rest = String(path.dropFirst(field.count + 1))
    switch self {
    case .tooLarge, .outOfMemory, .malformedJSON: return self
    case .tooDeep(_, let limit): return .tooDeep(path: rest, limit: limit)
    case .malformed(_, let reason): return .malformed(path: rest, reason: reason)
    case .invalidUTF8: return .invalidUTF8(path: rest)
    case .embeddedNUL: return .embeddedNUL(path: rest)
    case .invalidValue(_, let expected): return .invalidValue(path: rest, expected: expected)
    case .unknownField: return .unknownField(path: rest)
    case .duplicateField: return .duplicateField(path: rest)
    case .oneofConflict(_, let oneof): return .oneofConflict(path: rest, oneof: oneof)
    }
  }
}
