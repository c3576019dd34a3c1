/// What a request's body is said to be, by `Content-Type` and `Content-Encoding`.
enum MediaType {
  /// Whether it is JSON, in UTF-8 if anything is said about that.
  static func isJSON(_ value: ArraySlice<UInt8>?) -> Bool {
    guard let value else { return false }
    var parts = value.map(ASCII.lowercased).split(separator: ASCII.semicolon, omittingEmptySubsequences: false)
      .map(trimmed)
    guard parts.removeFirst().elementsEqual("application/json".utf8) else { return false }
    return parts.allSatisfy { part in
      !part.starts(with: "charset=".utf8) || part.elementsEqual("charset=utf-8".utf8)
        || part.elementsEqual("charset=\"utf-8\"".utf8)
    }
  }

  /// Whether it is a message of a gRPC call: `application/grpc`, with a suffix or without (gRPC over HTTP/2, "Content-Type").
  static func isGRPC(_ value: ArraySlice<UInt8>?) -> Bool {
    guard let value else { return false }
    let name = "application/grpc".utf8
    guard value.count >= name.count, zip(value, name).allSatisfy({ ASCII.lowercased($0) == $1 }) else { return false }
    guard let next = value.dropFirst(name.count).first else { return true }
    return next == UInt8(ascii: "+") || next == ASCII.semicolon || next == ASCII.space
  }

  /// Whether the body is as it is, without a coding such as gzip (RFC 9110 section 8.4).
  static func isIdentity(_ codings: [UInt8]) -> Bool {
    codings.split(separator: ASCII.comma).map(trimmed).allSatisfy { coding in
      coding.isEmpty || coding.map(ASCII.lowercased).elementsEqual("identity".utf8)
    }
  }

  static func trimmed(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var part = part.drop { $0 == ASCII.space || $0 == ASCII.tab }
    while let last = part.last, last == ASCII.space || last == ASCII.tab { part.removeLast() }
    return part
  }
}
