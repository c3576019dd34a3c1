internal import CProtobufC

/// Reads JSON into C messages of an arena.
struct MessageJSONDecoder {
  let options: JSONDecodingOptions
  let arena: Arena

  var isRest: Bool { options.form == .rest }

  /// A new message with what the value says.
  func message(_ value: JSONCursor, _ schema: MessageSchema, depth: Int = 1) throws(ProtobufError)
    -> UnsafeMutableRawPointer
  {
    let base = arena.makeMessage(schema)
    try fill(base, schema, from: value, depth: depth)
    return base
  }

  private func fill(
    _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, from value: JSONCursor, depth: Int
  ) throws(ProtobufError) {
    let limit = options.maximumDepth
    guard depth <= limit else { throw .tooDeep(path: "", limit: limit) }
    if let known = schema.wellKnown { return try wellKnown(known, base, schema, from: value, depth: depth) }
    var seen: [Int] = []
    try members(base, schema, from: value, seen: &seen, depth: depth)
  }

  /// Reads the members of an object. `seen` gets the positions of the fields that were there.
  /// - Parameter skipped: a member that is not a field.
  func members(
    _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, from value: JSONCursor, seen: inout [Int],
    skipping skipped: String? = nil, depth: Int
  ) throws(ProtobufError) {
    guard case .object = value.kind else { throw .invalidValue(path: "", expected: "an object") }
    // Amounts wait until the currency beside them has been read.
    var amounts: [(position: Int, value: JSONCursor)] = []
    for (key, member) in value.members {
      let name = key.string
      if let skipped, name.hasSameBytes(as: skipped) { continue }
      guard let position = schema.position(of: name) else {
        if options.ignoresUnknownFields { continue }
        throw .unknownField(path: name.excerpt)
      }
      guard !seen.contains(position) else { throw .duplicateField(path: schema.fields[position].jsonName) }
      seen.append(position)
      if isRest, case .money = schema.fields[position].format {
        amounts.append((position, member))
      } else {
        try field(position, of: schema, in: base, from: member, scale: nil, depth: depth)
      }
    }
    for (position, member) in amounts {
      guard case .money(let currencyField) = schema.fields[position].format else { continue }
      let scale = schema.currencyDecimals(currencyField, in: base)
      try field(position, of: schema, in: base, from: member, scale: scale, depth: depth)
    }
  }

  func field(
    _ position: Int, of schema: MessageSchema, in base: UnsafeMutableRawPointer, from value: JSONCursor, scale: Int?,
    depth: Int
  ) throws(ProtobufError) {
    let field = schema.fields[position]
    guard let place = schema.place(position, in: base) else { return }
    if value.isNull, !field.readsNull {
      guard isRest, !field.isClearedByNull else { return }
      throw .invalidValue(path: field.jsonName, expected: "a value; leave the field out instead of giving null")
    }
    if place.isInOneof {
      guard place.oneofCase == 0 else { throw .oneofConflict(path: field.jsonName, oneof: field.oneof ?? "") }
      place.select()
    }
    var scale = scale
    if isRest, case .decimal(let decimals) = field.format { scale = decimals }
    do throws(ProtobufError) {
      switch (field.type, place.isRepeated) {
      case (.map(let entry), _): try map(place, entry(), from: value, depth: depth)
      case (_, true): try elements(place, field, from: value, scale: scale, depth: depth)
      case (_, false): try store(value, at: place.member, place.type, field, scale: scale, depth: depth)
      }
    } catch {
      throw error.within(field.jsonName)
    }
  }

  /// Stores one value: a scalar, an enumeration's number or a pointer to a message.
  private func store(
    _ value: JSONCursor, at member: UnsafeMutableRawPointer, _ type: ProtobufCType, _ field: FieldSchema, scale: Int?,
    depth: Int
  ) throws(ProtobufError) {
    switch field.type {
    case .message(let lookup):
      let schema = lookup()
      guard let scale, schema.wellKnown == .wrapper else {
        let message = try message(value, schema, depth: depth + 1)
        member.storeBytes(of: message, as: UnsafeMutableRawPointer?.self)
        return
      }
      let wrapper = arena.makeMessage(schema)
      if let place = schema.place(0, in: wrapper) { try scalar(value, at: place.member, place.type, scale: scale) }
      member.storeBytes(of: wrapper, as: UnsafeMutableRawPointer?.self)
    case .enumeration(let schema):
      member.storeBytes(of: try enumeration(value, schema()), as: Int32.self)
    case .scalar, .map:
      try scalar(value, at: member, type, scale: scale)
    }
  }

  func scalar(
    _ value: JSONCursor, at member: UnsafeMutableRawPointer, _ type: ProtobufCType, scale: Int? = nil
  ) throws(ProtobufError) {
    switch value.kind {
    case .number: try ScalarText.store(value.text, .number, as: type, scale: scale, at: member, arena: arena)
    case .string: try ScalarText.store(value.text, .string, as: type, scale: scale, at: member, arena: arena)
    case .bool(let flag) where type == PROTOBUF_C_TYPE_BOOL: member.storeBytes(of: flag ? 1 : 0, as: Int32.self)
    default: throw .invalidValue(path: "", expected: Self.expectation(of: type))
    }
  }

  private static func expectation(of type: ProtobufCType) -> String {
    switch type {
    case PROTOBUF_C_TYPE_STRING: "a string"
    case PROTOBUF_C_TYPE_BYTES: "bytes in base 64"
    case PROTOBUF_C_TYPE_BOOL: "true or false"
    default: "a number"
    }
  }

  private func enumeration(_ value: JSONCursor, _ schema: EnumSchema) throws(ProtobufError) -> Int32 {
    switch value.kind {
    case .null where schema.isNullValue: return 0
    case .string: return try schema.number(text: value.text)
    case .number: return try schema.number(literal: value.text)
    default: throw .invalidValue(path: "", expected: schema.expectation)
    }
  }

  private func elements(
    _ place: FieldPlace, _ field: FieldSchema, from value: JSONCursor, scale: Int?, depth: Int
  ) throws(ProtobufError) {
    guard case .array = value.kind else { throw .invalidValue(path: "", expected: "an array") }
    guard value.count > 0 else { return }
    let elements = arena.allocate(byteCount: value.count * place.valueByteCount)
    for (index, element) in value.elements.enumerated() {
      if element.isNull, !field.readsNull { throw .invalidValue(path: "\(index)", expected: "no null in the array") }
      do throws(ProtobufError) {
        let member = elements + index * place.valueByteCount
        try store(element, at: member, place.type, field, scale: scale, depth: depth)
      } catch {
        throw error.within("\(index)")
      }
    }
    place.elements = elements
    place.count = value.count
  }

  private func map(
    _ place: FieldPlace, _ entry: MessageSchema, from value: JSONCursor, depth: Int
  ) throws(ProtobufError) {
    guard case .object = value.kind else { throw .invalidValue(path: "", expected: "an object") }
    guard value.count > 0 else { return }
    let elements = arena.allocate(byteCount: value.count * 8)
    var names = Set<TextKey>(minimumCapacity: value.count)
    for (index, (key, member)) in value.members.enumerated() {
      let name = key.string
      guard names.insert(TextKey(name)).inserted else { throw .duplicateField(path: name.excerpt) }
      let base = arena.makeMessage(entry)
      do throws(ProtobufError) {
        guard let keyPlace = entry.place(0, in: base), let valuePlace = entry.place(1, in: base) else { return }
        try ScalarText.store(key.text, .word, as: keyPlace.type, scale: nil, at: keyPlace.member, arena: arena)
        let field = entry.fields[1]
        if member.isNull, !field.readsNull { throw .invalidValue(path: "", expected: "no null in the map") }
        try store(member, at: valuePlace.member, valuePlace.type, field, scale: nil, depth: depth)
      } catch {
        throw error.within(name)
      }
      elements.storeBytes(of: base, toByteOffset: index * 8, as: UnsafeMutableRawPointer?.self)
    }
    place.elements = elements
    place.count = value.count
  }
}

extension FieldSchema {
  /// Whether `null` is a value of the field and not its absence.
  var readsNull: Bool {
    switch type {
    case .message(let schema): schema().wellKnown == .value
    case .enumeration(let schema): schema().isNullValue
    case .scalar, .map: false
    }
  }
}

extension FieldSchema {
  /// Whether `null` takes the field's value away in the REST form: an object or a time. A number, a text, a boolean or a list is
  /// given or left out.
  fileprivate var isClearedByNull: Bool {
    guard case .message(let schema) = type else { return false }
    return schema().wellKnown != .wrapper
  }
}

extension EnumSchema {
  /// The number of the value that is spelled like this.
  func number(text: UnsafeRawBufferPointer) throws(ProtobufError) -> Int32 {
    guard let number = number(spelled: String(decoding: text, as: UTF8.self)) else {
      throw .invalidValue(path: "", expected: expectation)
    }
    return number
  }

  /// The number that a JSON literal is, of a value that the schema names or not.
  func number(literal: UnsafeRawBufferPointer) throws(ProtobufError) -> Int32 {
    guard let literal = try? DecimalLiteral(literal), let number = try? literal.int64(),
      let narrowed = Int32(exactly: number)
    else { throw .invalidValue(path: "", expected: expectation) }
    return narrowed
  }

  /// The number of a bare word from a path or a query, which is a spelling or a number as a body may have it.
  func number(word: UnsafeRawBufferPointer) throws(ProtobufError) -> Int32 {
    if let number = number(spelled: String(decoding: word, as: UTF8.self)) { return number }
    return try number(literal: word)
  }

  var expectation: String {
    let spellings = values.compactMap(\.json)
    return "one of " + (spellings.isEmpty ? values.map(\.name) : spellings).prefix(20).joined(separator: ", ")
  }
}
