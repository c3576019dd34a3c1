internal import CProtobufC

/// Reads through a serialized message before protobuf-c unpacks it and refuses what protobuf-c would not: nesting without bound
/// (its recursion is ours to limit), strings that are not UTF-8 or hold U+0000 (it would cut them off silently), and well-known types
/// beyond their bounds. Allocates nothing.
struct WireValidator {
  let limits: DecodingLimits
  private let bounded = BoundedTypes.all

  init(limits: DecodingLimits) {
    self.limits = limits
  }

  func validate(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(ProtobufError) {
    try validate(bytes, descriptor, depth: 1)
  }

  private func validate(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
  ) throws(ProtobufError) {
    guard depth <= limits.maximumDepth else { throw .tooDeep(path: "", limit: limits.maximumDepth) }
    var reader = WireReader(bytes)
    var position = 0
    while !reader.isAtEnd {
      guard let tag = reader.varint(), tag <= UInt64(UInt32.max), tag >> 3 != 0 else { throw malformedTag }
      let number = UInt32(tag >> 3)
      let field = Self.field(number, in: descriptor, near: &position)
      switch tag & 7 {
      case 0:
        guard reader.varint() != nil else { throw truncated(field) }
      case 1:
        guard reader.skip(8) else { throw truncated(field) }
      case 5:
        guard reader.skip(4) else { throw truncated(field) }
      case 2:
        guard let length = reader.varint(), let content = reader.take(length) else { throw truncated(field) }
        if let field { try validate(content, of: field, depth: depth) }
      default:
        throw .malformed(path: Self.name(field), reason: "groups and unknown wire types are not supported")
      }
    }
    try bounded.validate(bytes, descriptor)
  }

  @inline(__always)
  private func validate(
    _ content: UnsafeRawBufferPointer, of field: UnsafePointer<ProtobufCFieldDescriptor>, depth: Int
  ) throws(ProtobufError) {
    switch field.pointee.type {
    case PROTOBUF_C_TYPE_STRING:
      switch textFault(content) {
      case nil: return
      case .invalidUTF8: throw .invalidUTF8(path: Self.name(field))
      case .embeddedNUL: throw .embeddedNUL(path: Self.name(field))
      }
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let nested = field.pointee.descriptor else { return }
      do throws(ProtobufError) {
        try validate(content, nested.assumingMemoryBound(to: ProtobufCMessageDescriptor.self), depth: depth + 1)
      } catch {
        throw error.within(Self.name(field))
      }
    default:
      return
    }
  }

  /// Fields mostly arrive in the order of their numbers, so the search begins where the last one was found.
  @inline(__always)
  private static func field(
    _ number: UInt32, in descriptor: UnsafePointer<ProtobufCMessageDescriptor>, near position: inout Int
  ) -> UnsafePointer<ProtobufCFieldDescriptor>? {
    guard let fields = descriptor.pointee.fields else { return nil }
    let count = Int(descriptor.pointee.n_fields)
    if position < count, fields[position].id == number { return fields + position }
    if position + 1 < count, fields[position + 1].id == number {
      position += 1
      return fields + position
    }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if fields[middle].id < number { low = middle + 1 } else { high = middle }
    }
    guard low < count, fields[low].id == number else { return nil }
    position = low
    return fields + low
  }

  private static func name(_ field: UnsafePointer<ProtobufCFieldDescriptor>?) -> String {
    field.flatMap { $0.pointee.name }.map { String(cString: $0) } ?? ""
  }

  private var malformedTag: ProtobufError { .malformed(path: "", reason: "a field's tag is not valid") }

  private func truncated(_ field: UnsafePointer<ProtobufCFieldDescriptor>?) -> ProtobufError {
    .malformed(path: Self.name(field), reason: "the field is truncated or its length is not valid")
  }
}

extension ProtobufError {
  /// Most bytes of a path. Names in it come from the input, and an error must not be larger than what it is about.
  private static let longestPath = 512

  /// The same error seen from one message further out.
  func within(_ field: String) -> ProtobufError {
    let path = path.isEmpty ? field.excerpt : "\(field.excerpt).\(path)".excerpt(byteCount: Self.longestPath)
    switch self {
    case .tooLarge, .outOfMemory, .malformedJSON: return self
    case .tooDeep(_, let limit): return .tooDeep(path: path, limit: limit)
    case .malformed(_, let reason): return .malformed(path: path, reason: reason)
    case .invalidUTF8: return .invalidUTF8(path: path)
    case .embeddedNUL: return .embeddedNUL(path: path)
    case .invalidValue(_, let expected): return .invalidValue(path: path, expected: expected)
    case .unknownField: return .unknownField(path: path)
    case .duplicateField: return .duplicateField(path: path)
    case .oneofConflict(_, let oneof): return .oneofConflict(path: path, oneof: oneof)
    }
  }
}

/// Takes the wire format apart, never past its end.
struct WireReader {
  private let bytes: UnsafeRawBufferPointer
  private var index = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { index == bytes.count }

  /// A base-128 number of at most ten bytes, `nil` when it is cut off or longer.
  @inline(__always)
  mutating func varint() -> UInt64? {
    guard index < bytes.count else { return nil }
    let first = bytes[index]
    if first < 0x80 {
      index &+= 1
      return UInt64(first)
    }
    return longVarint()
  }

  private mutating func longVarint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard index < bytes.count else { return nil }
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return shift == 63 && byte > 1 ? nil : value }
    }
    return nil
  }

  /// Eight bytes, little-endian.
  mutating func fixed64() -> UInt64? {
    guard bytes.count - index >= 8 else { return nil }
    defer { index += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
  }

  @inline(__always)
  mutating func skip(_ count: Int) -> Bool {
    guard bytes.count - index >= count else { return false }
    index &+= count
    return true
  }

  @inline(__always)
  mutating func take(_ length: UInt64) -> UnsafeRawBufferPointer? {
    guard length <= UInt64(bytes.count - index) else { return nil }
    let end = index + Int(length)
    defer { index = end }
    return UnsafeRawBufferPointer(rebasing: bytes[index..<end])
  }
}
