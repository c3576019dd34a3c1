internal import CProtobufC
internal import Glibc

// Fields by name: what paths and query parameters set, and what an envelope reads.
extension DynamicMessage {
  /// Sets a field from text, as a path or a query gives it: a number, a bare string, `true`, an enum's spelling, a time.
  /// A repeated field gets one more element; a wrapper (`google.protobuf.Int32Value`) is made around its value.
  /// - Parameters:
  ///   - path: original or JSON names, `a.b` for a field of a message field.
  ///   - text: bytes that are checked to be UTF-8.
  /// - Throws: `ProtobufError` naming the field: unknown, given already, or not what its type takes.
  public mutating func set(
    _ path: String, text: [UInt8], options: JSONDecodingOptions = .rest
  ) throws(ProtobufError) {
    if let position = schema.position(of: path), let place = schema.place(position, in: base) {
      return try setOwn(position, place, path, text, options)
    }
    let names = path.split(separator: ".", omittingEmptySubsequences: false)
    var schema = schema
    var base = base
    for (index, name) in names.enumerated() {
      guard let position = schema.position(of: String(name)), let place = schema.place(position, in: base) else {
        throw .unknownField(path: path.excerpt)
      }
      let field = schema.fields[position]
      let isLast = index == names.count - 1
      if index == 0 { noteRepeated(position) }
      if isLast {
        do throws(ProtobufError) {
          try store(text, in: place, field, schema, options)
        } catch {
          throw error.within(path)
        }
        return
      }
      guard case .message(let lookup) = field.type, !place.isRepeated, lookup().wellKnown == nil else {
        throw .unknownField(path: path.excerpt)
      }
      schema = lookup()
      base = nested(place, schema)
    }
  }

  /// Sets a field of the message itself.
  private mutating func setOwn(
    _ position: Int, _ place: FieldPlace, _ path: String, _ text: [UInt8], _ options: JSONDecodingOptions
  ) throws(ProtobufError) {
    if place.isRepeated { noteRepeated(position) } else { try note(position) }
    do throws(ProtobufError) {
      try store(text, in: place, schema.fields[position], schema, options)
    } catch {
      throw error.within(path)
    }
  }

  public mutating func set(_ path: String, text: String, options: JSONDecodingOptions = .rest) throws(ProtobufError) {
    try set(path, text: Array(text.utf8), options: options)
  }

  /// The message in a message field, made when it is absent.
  private func nested(_ place: FieldPlace, _ schema: MessageSchema) -> UnsafeMutableRawPointer {
    if place.isSet, let present = place.member.load(as: UnsafeMutableRawPointer?.self) { return present }
    let message = arena.makeMessage(schema)
    place.select()
    place.member.storeBytes(of: message, as: UnsafeMutableRawPointer?.self)
    return message
  }

  private func store(
    _ text: [UInt8], in place: FieldPlace, _ field: FieldSchema, _ schema: MessageSchema, _ options: JSONDecodingOptions
  ) throws(ProtobufError) {
    if place.isInOneof, place.oneofCase != 0, place.oneofCase != place.descriptor.pointee.id {
      throw .oneofConflict(path: "", oneof: field.oneof ?? "")
    }
    let member = place.isRepeated ? appendElement(place) : place.member
    place.select()
    let scale = options.form == .rest ? self.scale(of: field, schema, place.base) : nil
    let result: Result<Void, ProtobufError> = text.withUnsafeBytes { bytes in
      do throws(ProtobufError) {
        return .success(try store(bytes, at: member, place.type, field, scale: scale))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func store(
    _ text: UnsafeRawBufferPointer, at member: UnsafeMutableRawPointer, _ type: ProtobufCType, _ field: FieldSchema,
    scale: Int?
  ) throws(ProtobufError) {
    switch field.type {
    case .scalar:
      try ScalarText.store(text, .word, as: type, scale: scale, at: member, arena: arena)
    case .enumeration(let schema):
      member.storeBytes(of: try schema().number(word: text), as: Int32.self)
    case .message(let lookup):
      let schema = lookup()
      let message = arena.makeMessage(schema)
      switch schema.wellKnown {
      case .wrapper:
        guard let place = schema.place(0, in: message) else { return }
        try ScalarText.store(text, .word, as: place.type, scale: scale, at: place.member, arena: arena)
      case .timestamp, .duration, .fieldMask:
        var quoted: [UInt8] = []
        if let fault = textFault(text) { throw fault == .embeddedNUL ? .embeddedNUL(path: "") : .invalidUTF8(path: "") }
        JSONText.append(text, to: &quoted)
        let document = try JSONDocument(quoted)
        defer { withExtendedLifetime(document) {} }
        guard let root = document.root else { return }
        let decoder = MessageJSONDecoder(options: .rest, arena: arena)
        try decoder.wellKnown(schema.wellKnown ?? .timestamp, message, schema, from: root, depth: 1)
      default: throw .invalidValue(path: "", expected: "a field that can be given as text")
      }
      member.storeBytes(of: message, as: UnsafeMutableRawPointer?.self)
    case .map:
      throw .invalidValue(path: "", expected: "a field that can be given as text")
    }
  }

  private func scale(of field: FieldSchema, _ schema: MessageSchema, _ base: UnsafeMutableRawPointer) -> Int? {
    switch field.format {
    case .plain: nil
    case .decimal(let scale): scale
    case .money(let currencyField): schema.currencyDecimals(currencyField, in: base)
    }
  }

  /// Room for one more element, moved to new memory of the arena.
  private func appendElement(_ place: FieldPlace) -> UnsafeMutableRawPointer {
    let size = place.valueByteCount
    let count = place.count
    let elements = arena.allocate(byteCount: (count + 1) * size)
    if let old = place.elements { elements.copyMemory(from: old, byteCount: count * size) }
    memset(elements + count * size, 0, size)
    place.elements = elements
    place.count = count + 1
    return elements + count * size
  }

  /// Replaces a `google.protobuf.FieldMask` field.
  /// - Throws: `unknownField` when the message has no such field of that type.
  public mutating func set(_ name: String, mask: FieldMask) throws(ProtobufError) {
    guard let position = schema.position(of: name), let place = schema.place(position, in: base),
      case .message(let lookup) = schema.fields[position].type, lookup().wellKnown == .fieldMask
    else { throw .unknownField(path: name) }
    place.select()
    place.member.storeBytes(
      of: UnsafeMutableRawPointer(arena.storePresent(mask)), as: UnsafeMutableRawPointer?.self)
  }

  /// The integer at a path of original or JSON names; `nil` when there is none.
  public func integer(_ path: String) -> Int64? {
    guard let place = find(path) else { return nil }
    switch place.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_ENUM:
      return Int64(place.member.load(as: Int32.self))
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32: return Int64(place.member.load(as: UInt32.self))
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      return place.member.load(as: Int64.self)
    default: return nil
    }
  }

  /// The string at a path of original or JSON names; `nil` when there is none.
  public func string(_ path: String) -> String? {
    guard let place = find(path), place.type == PROTOBUF_C_TYPE_STRING else { return nil }
    return String(storage: place.member.load(as: UnsafeMutablePointer<CChar>?.self))
  }

  private func find(_ path: String) -> FieldPlace? {
    var schema = schema
    var base = base
    var place: FieldPlace?
    for name in path.split(separator: ".") {
      if let outer = place {
        guard outer.type == PROTOBUF_C_TYPE_MESSAGE, let nested = outer.member.load(as: UnsafeMutableRawPointer?.self)
        else { return nil }
        base = nested
      }
      guard let position = schema.position(of: String(name)), let next = schema.place(position, in: base),
        !next.isRepeated, next.isSet
      else { return nil }
      if case .message(let lookup) = schema.fields[position].type { schema = lookup() }
      place = next
    }
    return place
  }
}
