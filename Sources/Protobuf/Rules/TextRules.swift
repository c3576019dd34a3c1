/// What generated checks ask of texts, byte strings and free objects. The rules' exact meaning is that of protovalidate.
public enum TextRules {
  /// The number of Unicode scalars, which is what `min_len`, `max_len` and `len` count.
  @inlinable
  public static func length(_ text: String) -> Int {
    if let count = text.utf8.withContiguousStorageIfAvailable({ bytes in
      bytes.reduce(into: 0) { count, byte in if byte & 0xc0 != 0x80 { count &+= 1 } }
    }) {
      return count
    }
    return text.unicodeScalars.count
  }

  /// A UUID in its usual form of 36 characters, in either case.
  public static func isUUID(_ text: String) -> Bool { uuid.matches(text) }

  /// An address as HTML's `<input type=email>` takes it.
  public static func isEmail(_ text: String) -> Bool { email.matches(text) }

  private static let uuid = TextPattern("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

  private static let email = TextPattern(
    "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
      + "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$")
}

extension Struct {
  /// Whether the object takes at most so many bytes on the wire and has at most so many levels of objects and lists, itself included.
  public func fits(bytes: Int, depth: Int) -> Bool {
    var rest = bytes
    return Value.object(self).take(from: &rest, levels: depth)
  }
}

extension Value {
  /// Takes what the value needs on the wire, without the name and the tag around it; false when there is not enough.
  fileprivate func take(from rest: inout Int, levels: Int) -> Bool {
    switch self {
    case .unset: return true
    case .null, .bool: rest -= 2
    case .number: rest -= 9
    case .string(let text): rest -= Self.prefix(text.utf8.count) + text.utf8.count
    case .object(let object):
      guard levels > 0 else { return false }
      for (key, value) in object.fields {
        let before = rest
        guard value.take(from: &rest, levels: levels - 1) else { return false }
        let content = before - rest
        let entry = Self.prefix(key.utf8.count) + key.utf8.count + Self.prefix(content)
        rest -= entry + Self.prefix(entry + content)
        guard rest >= 0 else { return false }
      }
      rest -= 6
    case .list(let list):
      guard levels > 0 else { return false }
      for value in list.values {
        let before = rest
        guard value.take(from: &rest, levels: levels - 1) else { return false }
        rest -= Self.prefix(before - rest)
        guard rest >= 0 else { return false }
      }
      rest -= 6
    }
    return rest >= 0
  }

  /// Bytes of a tag and a length before `count` bytes.
  private static func prefix(_ count: Int) -> Int {
    1 + max(1, (Int.bitWidth - count.leadingZeroBitCount + 6) / 7)
  }
}
