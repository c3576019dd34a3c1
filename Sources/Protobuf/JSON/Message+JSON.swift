extension Message {
  /// Reads the JSON form of the message.
  /// - Throws: `ProtobufError` naming the field: text that is not JSON, an unknown or repeated field, a value of the wrong type or
  ///   out of range, two members of a oneof, exceeded limits.
  public init(json: [UInt8], options: JSONDecodingOptions = .proto3) throws(ProtobufError) {
    let message = try DynamicMessage(json: json, schema: Self.schema, options: options)
    self = message.value(as: Self.self)
  }

  /// The JSON form of the message.
  /// - Throws: `ProtobufError` for what JSON cannot say: a time outside of years 1 to 9999, a `google.protobuf.Any` of unknown type.
  public func json(options: JSONEncodingOptions = .proto3) throws(ProtobufError) -> [UInt8] {
    let message = try DynamicMessage(self)
    var output: [UInt8] = []
    try message.json(options: options, into: &output)
    return output
  }
}
