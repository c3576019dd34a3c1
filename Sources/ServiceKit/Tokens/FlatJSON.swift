/// Reads the small JSON objects in a token: one level of strings, integers, booleans and null. Anything else there
/// means that the token is not ours. A name twice is refused: two readers would disagree.
struct FlatJSON {
  enum Value: Hashable {
    case string(String)
    case integer(Int64)
    case other
  }

  private var bytes: ArraySlice<UInt8>
  private(set) var members: [String: Value] = [:]

  /// `nil` when the text is not such an object.
  init?(_ text: [UInt8]) {
    bytes = text[...]
    guard readObject(), bytes.isEmpty else { return nil }
  }

  func string(_ name: String) -> String? {
    if case .string(let value) = members[name] { value } else { nil }
  }

  func integer(_ name: String) -> Int64? {
    if case .integer(let value) = members[name] { value } else { nil }
  }

  private mutating func readObject() -> Bool {
    skipSpace()
    guard take(0x7B) else { return false }
    skipSpace()
    if take(0x7D) {
      skipSpace()
      return true
    }
    while true {
      skipSpace()
      guard let name = readString(), members[name] == nil else { return false }
      skipSpace()
      guard take(0x3A) else { return false }
      skipSpace()
      guard let value = readValue() else { return false }
      members[name] = value
      skipSpace()
      if take(0x2C) { continue }
      guard take(0x7D) else { return false }
      skipSpace()
      return true
    }
  }

  private mutating func readValue() -> Value? {
    switch bytes.first {
    case 0x22: return readString().map(Value.string)
    case .some(0x2D), .some(0x30...0x39): return readInteger().map(Value.integer)
    default:
      for word in ["true", "false", "null"] where bytes.starts(with: word.utf8) {
        bytes = bytes.dropFirst(word.utf8.count)
        return .other
      }
      return nil
    }
  }

  /// An integer as JSON spells it; a fraction or an exponent is not a time in seconds.
  private mutating func readInteger() -> Int64? {
    let end = bytes.firstIndex { $0 != 0x2D && !(0x30...0x39).contains($0) } ?? bytes.endIndex
    let text = String(decoding: bytes[..<end], as: UTF8.self)
    bytes = bytes[end...]
    guard let value = Int64(text), String(value) == text else { return nil }
    return value
  }

  private mutating func readString() -> String? {
    guard take(0x22) else { return nil }
    var content: [UInt8] = []
    while let byte = bytes.popFirst() {
      switch byte {
      case 0x22: return String(validating: content, as: UTF8.self)
      case 0x5C:
        guard let scalar = readEscape() else { return nil }
        content.append(contentsOf: String(scalar).utf8)
      case 0..<0x20: return nil
      default: content.append(byte)
      }
    }
    return nil
  }

  private mutating func readEscape() -> Unicode.Scalar? {
    guard let kind = bytes.popFirst() else { return nil }
    switch kind {
    case 0x22, 0x5C, 0x2F: return Unicode.Scalar(kind)
    case 0x62: return "\u{8}"
    case 0x66: return "\u{C}"
    case 0x6E: return "\n"
    case 0x72: return "\r"
    case 0x74: return "\t"
    case 0x75:
      guard let first = readUnit() else { return nil }
      guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
      guard bytes.popFirst() == 0x5C, bytes.popFirst() == 0x75, let second = readUnit(),
        UTF16.isTrailSurrogate(second)
      else { return nil }
      return UTF16.decode(UTF16.EncodedScalar([first, second]))
    default: return nil
    }
  }

  private mutating func readUnit() -> UInt16? {
    guard bytes.count >= 4, bytes.prefix(4).allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    defer { bytes = bytes.dropFirst(4) }
    return UInt16(String(decoding: bytes.prefix(4), as: UTF8.self), radix: 16)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard bytes.first == byte else { return false }
    bytes = bytes.dropFirst()
    return true
  }

  private mutating func skipSpace() {
    bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
  }
}
