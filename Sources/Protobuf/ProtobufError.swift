/// Why bytes or JSON are not the message that was expected. No case carries a value of the input, only where it stands.
public enum ProtobufError: Error, Hashable, Sendable {
  /// More bytes than a message may have.
  case tooLarge(byteCount: Int, limit: Int)
  /// Messages nested more deeply than allowed.
  case tooDeep(path: String, limit: Int)
  /// The bytes are not protobuf's wire format.
  case malformed(path: String, reason: String)
  /// Decoding would take more memory than allowed: many tiny elements take far more room than their bytes.
  case outOfMemory(limit: Int)
  /// A string is not UTF-8.
  case invalidUTF8(path: String)
  /// A string holds U+0000, which the C representation cannot carry.
  case embeddedNUL(path: String)
  /// The field has a value that its type does not allow.
  case invalidValue(path: String, expected: String)
  /// The message has no such field.
  case unknownField(path: String)
  case duplicateField(path: String)
  /// Two members of a oneof are given.
  case oneofConflict(path: String, oneof: String)
  /// The text is not JSON.
  case malformedJSON(reason: String)
}

extension ProtobufError {
  /// The path of the field the error is about, empty for the whole message.
  public var path: String {
    switch self {
    case .tooLarge, .outOfMemory, .malformedJSON: ""
    case .tooDeep(let path, _), .malformed(let path, _), .invalidUTF8(let path), .embeddedNUL(let path),
      .invalidValue(let path, _), .unknownField(let path), .duplicateField(let path), .oneofConflict(let path, _):
      path
    }
  }
}

extension ProtobufError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooLarge(let byteCount, let limit): "the message has \(byteCount) bytes, the limit is \(limit)"
    case .tooDeep(let path, let limit): "\(named(path)) is nested more deeply than \(limit) levels"
    case .malformed(let path, let reason): "\(named(path)): \(reason)"
    case .outOfMemory(let limit): "the message would take more than \(limit) bytes of memory"
    case .invalidUTF8(let path): "\(named(path)) is not valid UTF-8"
    case .embeddedNUL(let path): "\(named(path)) contains the character U+0000"
    case .invalidValue(let path, let expected): "\(named(path)): expected \(expected)"
    case .unknownField(let path): "\(named(path)) is not a known field"
    case .duplicateField(let path): "\(named(path)) is given twice"
    case .oneofConflict(let path, let oneof): "\(named(path)): only one field of \(oneof) may be given"
    case .malformedJSON(let reason): "the body is not valid JSON: \(reason)"
    }
  }

  /// A path may hold keys of the input, which are as long as their sender likes.
  private func named(_ path: String) -> String {
    path.isEmpty ? "the message" : path.excerpt(byteCount: Self.quotedByteCount)
  }

  /// Bytes of the input's own words that an error's text repeats at most.
  private static let quotedByteCount = 100
}

extension String {
  /// The beginning of a name that came from outside, as an error's path holds it.
  var excerpt: String { excerpt(byteCount: 64) }

  /// The text when it has at most so many bytes of UTF-8; else its beginning, cut between two characters of Unicode, and `…`.
  package func excerpt(byteCount: Int) -> String {
    guard utf8.count > byteCount else { return self }
    var end = utf8.index(startIndex, offsetBy: max(0, byteCount))
    while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return self[..<end] + "…"
  }
}
