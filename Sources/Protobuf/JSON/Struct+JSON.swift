extension Struct {
  /// Reads a JSON object. What `Message.init(json:options:)` does for any message, without the C message in between: rows keep such
  /// objects, and reading them must not cost more than reading the row.
  /// - Throws: `ProtobufError` for text that is not a JSON object, a repeated member, a NUL, a number that no double holds.
  public init(json: [UInt8]) throws(ProtobufError) {
    let document = try JSONDocument(json)
    guard let root = document.root, case .object = root.kind else {
      throw .invalidValue(path: "", expected: "an object")
    }
    self = try Self.object(root)
    // The cursors point into it.
    withExtendedLifetime(document) {}
  }

  fileprivate static func object(_ cursor: JSONCursor) throws(ProtobufError) -> Struct {
    var fields = TextMap<Value>(minimumCapacity: cursor.count)
    for (key, member) in cursor.members {
      let name = key.string
      guard !key.text.contains(0) else { throw .embeddedNUL(path: name.excerpt) }
      do throws(ProtobufError) {
        guard fields.updateValue(try Value(member), forKey: name) == nil else {
          throw .duplicateField(path: "")
        }
      } catch {
        throw error.within(name)
      }
    }
    return Struct(fields: fields)
  }
}

extension Value {
  fileprivate init(_ cursor: JSONCursor) throws(ProtobufError) {
    switch cursor.kind {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number: self = .number(try ScalarText.number(cursor.text))
    case .string:
      guard !cursor.text.contains(0) else { throw .embeddedNUL(path: "") }
      self = .string(cursor.string)
    case .object: self = .object(try Struct.object(cursor))
    case .array:
      var values: [Value] = []
      values.reserveCapacity(cursor.count)
      for element in cursor.elements { values.append(try Value(element)) }
      self = .list(ListValue(values: values))
    }
  }
}
