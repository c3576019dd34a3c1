internal import CProtobufC

/// A message whose type is known only at run time, by its schema: what turns JSON into bytes and back without generated code.
///
/// Owns the C message and the arena it lives in.
public struct DynamicMessage: ~Copyable {
  public let schema: MessageSchema
  let arena = ArenaPool.take()
  var base: UnsafeMutableRawPointer
  /// Positions of the fields that JSON or `set` gave a value, in the order they came.
  private(set) var given: [Int] = []

  /// An empty message.
  public init(schema: MessageSchema) {
    self.schema = schema
    base = arena.makeMessage(schema)
  }

  deinit { ArenaPool.giveBack(arena) }

  /// Reads a JSON text.
  public init(json: [UInt8], schema: MessageSchema, options: JSONDecodingOptions = .proto3) throws(ProtobufError) {
    self.init(schema: schema)
    try merge(json: json, options: options)
  }

  /// Reads serialized bytes.
  public init(
    serialized bytes: RawSpan, schema: MessageSchema, limits: DecodingLimits = DecodingLimits()
  ) throws(ProtobufError) {
    self.schema = schema
    let arena = arena
    // RawSpan's closure cannot throw a typed error yet, so the result is carried out.
    let result: Result<UnsafeMutableRawPointer, ProtobufError> = bytes.withUnsafeBytes { buffer in
      do throws(ProtobufError) {
        return .success(UnsafeMutableRawPointer(try arena.unpack(buffer, schema: schema, limits: limits)))
      } catch {
        return .failure(error)
      }
    }
    base = try result.get()
  }

  public init(
    serialized bytes: [UInt8], schema: MessageSchema, limits: DecodingLimits = DecodingLimits()
  ) throws(ProtobufError) {
    try self.init(serialized: bytes.span.bytes, schema: schema, limits: limits)
  }

  init<M: Message>(_ message: M) throws(ProtobufError) {
    schema = M.schema
    base = UnsafeMutableRawPointer(arena.storePresent(message))
    if let failure = arena.failure { throw failure }
  }

  /// The message as a Swift value of its generated type.
  func value<M: Message>(as type: M.Type) -> M {
    M(UnsafePointer(base.assumingMemoryBound(to: M.Storage.self)))
  }

  /// The serialized form.
  public func serialized() -> [UInt8] {
    withExtendedLifetime(arena) { [UInt8](arena.pack(base)) }
  }

  // MARK: - JSON

  /// Adds what a JSON object says.
  /// - Parameter field: reads the text as the value of this field instead.
  /// - Throws: `ProtobufError` naming the field.
  public mutating func merge(
    json: [UInt8], field: String? = nil, options: JSONDecodingOptions = .proto3
  ) throws(ProtobufError) {
    guard json.count <= options.maximumBytes else {
      throw .tooLarge(byteCount: json.count, limit: options.maximumBytes)
    }
    let document = try JSONDocument(json)
    // The cursors point into the document.
    defer { withExtendedLifetime(document) {} }
    let decoder = MessageJSONDecoder(options: options, arena: arena)
    guard let root = document.root else { throw .malformedJSON(reason: "it is empty") }
    if let field {
      guard let position = schema.position(of: field) else { throw .unknownField(path: field) }
      try note(position)
      try decoder.field(position, of: schema, in: base, from: root, scale: nil, depth: 1)
    } else if schema.wellKnown != nil {
      base = try decoder.message(root, schema)
    } else {
      try decoder.members(base, schema, from: root, seen: &given, depth: 1)
    }
  }

  /// Writes the message as JSON.
  public func json(options: JSONEncodingOptions = .proto3, into output: inout [UInt8]) throws(ProtobufError) {
    try MessageJSONEncoder(options: options, arena: arena).message(base, schema, to: &output)
  }

  /// Writes the value of one field as JSON. Answers false, writing nothing, when it is an absent message or there is no such field.
  public func jsonOfField(
    _ name: String, options: JSONEncodingOptions = .proto3, into output: inout [UInt8]
  ) throws(ProtobufError) -> Bool {
    guard let position = schema.position(of: name), let place = schema.place(position, in: base),
      place.isRepeated || place.isSet
    else { return false }
    let encoder = MessageJSONEncoder(options: options, arena: arena)
    try encoder.value(of: place, schema.fields[position], in: schema, to: &output, depth: 1)
    return true
  }

  // MARK: - Fields

  /// The original names of the fields that the JSON text and `set` gave a value, `null` included.
  public var givenFields: [String] { given.map { schema.fields[$0].name } }

  /// Notes that a field of this message is given.
  mutating func note(_ position: Int) throws(ProtobufError) {
    guard !given.contains(position) else { throw .duplicateField(path: schema.fields[position].jsonName) }
    given.append(position)
  }

  mutating func noteRepeated(_ position: Int) {
    if !given.contains(position) { given.append(position) }
  }
}
