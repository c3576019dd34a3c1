internal import CProtobufC
internal import CWellKnown

// The well-known types have JSON forms of their own.
extension MessageJSONEncoder {
  func wellKnown(
    _ known: WellKnownType, _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, to output: inout [UInt8],
    depth: Int
  ) throws(ProtobufError) {
    switch known {
    case .timestamp:
      let time = Timestamp(UnsafePointer(base.assumingMemoryBound(to: Google__Protobuf__Timestamp.self)))
      output.append(0x22)
      guard TimeText.append(time, to: &output, wholeSeconds: isRest) else {
        throw .invalidValue(path: "", expected: "a time in the years 1 to 9999")
      }
      output.append(0x22)
    case .duration:
      let duration = ProtoDuration(UnsafePointer(base.assumingMemoryBound(to: Google__Protobuf__Duration.self)))
      output.append(0x22)
      guard TimeText.append(duration, to: &output) else {
        throw .invalidValue(path: "", expected: "a duration of at most 10,000 years")
      }
      output.append(0x22)
    case .fieldMask:
      let mask = FieldMask(UnsafePointer(base.assumingMemoryBound(to: Google__Protobuf__FieldMask.self)))
      var names: [String] = []
      for path in mask.paths {
        guard let name = FieldMaskText.camelCase(path) else {
          throw .invalidValue(path: "", expected: "field names in snake case")
        }
        names.append(name)
      }
      JSONText.append(names.joined(separator: ","), to: &output)
    case .wrapper:
      guard let value = schema.place(0, in: base) else { return }
      scalar(at: value.member, value.type, to: &output)
    case .structure:
      guard let fields = schema.place(0, in: base) else { return }
      try value(of: fields, schema.fields[0], in: schema, to: &output, depth: depth)
    case .listValue:
      guard let values = schema.place(0, in: base) else { return }
      try value(of: values, schema.fields[0], in: schema, to: &output, depth: depth)
    case .value:
      try anyValue(base, schema, to: &output, depth: depth)
    case .any:
      try any(base, to: &output, depth: depth)
    }
  }

  private func anyValue(
    _ base: UnsafeMutableRawPointer, _ schema: MessageSchema, to output: inout [UInt8], depth: Int
  ) throws(ProtobufError) {
    for (position, field) in schema.fields.enumerated() {
      guard let place = schema.place(position, in: base), place.isSet else { continue }
      if place.type == PROTOBUF_C_TYPE_DOUBLE, !place.member.load(as: Double.self).isFinite {
        throw .invalidValue(path: "", expected: "a finite number")
      }
      return try value(of: place, field, in: schema, to: &output, depth: depth)
    }
    throw .invalidValue(path: "", expected: "a value of some kind")
  }

  private func any(
    _ base: UnsafeMutableRawPointer, to output: inout [UInt8], depth: Int
  ) throws(ProtobufError) {
    let storage = base.assumingMemoryBound(to: Google__Protobuf__Any.self)
    let url = String(storage: storage.pointee.type_url)
    if url.isEmpty, storage.pointee.value.len == 0 {
      output.append(contentsOf: "{}".utf8)
      return
    }
    guard let schema = AnyType.schema(url: url, options.typeRegistry) else {
      throw .invalidValue(path: "@type", expected: "the name of a known type")
    }
    let bytes = UnsafeRawBufferPointer(start: storage.pointee.value.data, count: storage.pointee.value.len)
    let message = UnsafeMutableRawPointer(try arena.unpack(bytes, schema: schema, limits: DecodingLimits()))
    output.append(contentsOf: "{\"@type\":".utf8)
    JSONText.append(url, to: &output)
    if schema.wellKnown != nil {
      output.append(contentsOf: ",\"value\":".utf8)
      try self.message(message, schema, to: &output, depth: depth + 1)
    } else {
      var isFirst = false
      try members(message, schema, to: &output, isFirst: &isFirst, depth: depth + 1)
    }
    output.append(UInt8(ascii: "}"))
  }
}
