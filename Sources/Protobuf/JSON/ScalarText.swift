internal import CProtobufC

/// Reads scalars from the text of a JSON number, of a JSON string, of a map's key or of a query parameter.
enum ScalarText {
  /// What stands in the text.
  enum Form {
    case number
    /// A string where JSON allows numbers to be quoted.
    case string
    /// A bare word from a path or a query: a string, whatever it looks like.
    case word
  }

  /// Stores the value at `member`, which must have room for the type. Enumerations and messages are not scalars.
  static func store(
    _ text: UnsafeRawBufferPointer, _ form: Form, as type: ProtobufCType, scale: Int?,
    at member: UnsafeMutableRawPointer,
    arena: Arena
  ) throws(ProtobufError) {
    switch type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      let number = try integer(text, form, scale: scale, range: Int64(Int32.min)...Int64(Int32.max))
      member.storeBytes(of: Int32(truncatingIfNeeded: number), as: Int32.self)
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      let number = try integer(text, form, scale: scale, range: 0...Int64(UInt32.max))
      member.storeBytes(of: UInt32(truncatingIfNeeded: number), as: UInt32.self)
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      let number = try integer(text, form, scale: scale, range: Int64.min...Int64.max)
      member.storeBytes(of: number, as: Int64.self)
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      do throws(DecimalLiteral.Fault) {
        member.storeBytes(of: try DecimalLiteral(text).uint64(), as: UInt64.self)
      } catch {
        throw .invalidValue(path: "", expected: "a whole number from 0 to \(UInt64.max)")
      }
    case PROTOBUF_C_TYPE_FLOAT:
      let number = try floating(text, form)
      let narrowed = Float(number)
      guard narrowed.isFinite || !number.isFinite else {
        throw .invalidValue(path: "", expected: "a number within single precision")
      }
      member.storeBytes(of: narrowed, as: Float.self)
    case PROTOBUF_C_TYPE_DOUBLE:
      member.storeBytes(of: try floating(text, form), as: Double.self)
    case PROTOBUF_C_TYPE_BOOL:
      guard form == .word, text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8) else {
        throw .invalidValue(path: "", expected: "true or false")
      }
      member.storeBytes(of: text.count == 4 ? 1 : 0, as: Int32.self)
    case PROTOBUF_C_TYPE_STRING:
      guard form != .number else { throw .invalidValue(path: "", expected: "a string") }
      switch textFault(text) {
      case nil: member.storeBytes(of: arena.storeText(text), as: UnsafeMutablePointer<CChar>?.self)
      case .invalidUTF8: throw .invalidUTF8(path: "")
      case .embeddedNUL: throw .embeddedNUL(path: "")
      }
    case PROTOBUF_C_TYPE_BYTES:
      guard form != .number, let bytes = Base64.decode(text) else {
        throw .invalidValue(path: "", expected: "bytes in base 64")
      }
      member.storeBytes(of: arena.store(bytes), as: ProtobufCBinaryData.self)
    default:
      throw .invalidValue(path: "", expected: "a value of another kind")
    }
  }

  private static func integer(
    _ text: UnsafeRawBufferPointer, _ form: Form, scale: Int?, range: ClosedRange<Int64>
  ) throws(ProtobufError) -> Int64 {
    // An amount in quotes is refused: what it means would be a guess.
    if scale != nil, form == .string { throw .invalidValue(path: "", expected: expectation(scale, range)) }
    do throws(DecimalLiteral.Fault) {
      let number = try DecimalLiteral(text).int64(scale: scale ?? 0)
      guard range.contains(number) else { throw .outOfRange }
      return number
    } catch {
      throw .invalidValue(path: "", expected: expectation(scale, range))
    }
  }

  private static func expectation(_ scale: Int?, _ range: ClosedRange<Int64>) -> String {
    switch scale {
    case nil, 0: "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case let scale?: "a number with at most \(scale) decimals"
    }
  }

  /// The double of a JSON number.
  static func number(_ text: UnsafeRawBufferPointer) throws(ProtobufError) -> Double {
    // Most are short whole numbers, which a double holds exactly.
    guard (1...15).contains(text.count), text[0] != UInt8(ascii: "0") || text.count == 1 else {
      return try floating(text, .number)
    }
    var whole = 0
    for byte in text {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return try floating(text, .number) }
      whole = whole * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return Double(whole)
  }

  /// Whether the double of a JSON number is written with the same digits again. `9007199254740993`, `1e-400` and `-0` are not.
  static func isHeld(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let literal = try? DecimalLiteral(text), !literal.isNegativeZero, let number = try? number(text) else {
      return false
    }
    var description = number.description
    return description.withUTF8 { (try? DecimalLiteral(UnsafeRawBufferPointer($0))) == literal }
  }

  private static func floating(_ text: UnsafeRawBufferPointer, _ form: Form) throws(ProtobufError) -> Double {
    if form != .number {
      if text.elementsEqual("NaN".utf8) { return .nan }
      if text.elementsEqual("Infinity".utf8) { return .infinity }
      if text.elementsEqual("-Infinity".utf8) { return -.infinity }
    }
    // The literal is checked first: Swift reads more than JSON allows, such as "0x1p3" and "inf".
    guard (try? DecimalLiteral(text)) != nil, let number = Double(String(decoding: text, as: UTF8.self)),
      number.isFinite
    else { throw .invalidValue(path: "", expected: "a number within double precision") }
    return number
  }
}
