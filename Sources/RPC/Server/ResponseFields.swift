internal import HTTP2

/// The header fields of responses.
enum ResponseFields {
  static let head = PreparedFields([":status": "200", "content-type": "application/grpc"])
  static let success = PreparedFields(["grpc-status": "0"])
  static let methodNotAllowed = PreparedFields([":status": "405", "allow": "POST", "content-length": "0"])
  static let unsupportedMediaType = PreparedFields([":status": "415", "content-length": "0"])

  /// - Parameter namesEncodings: whether the fields say which encodings the server knows, which a caller that used another one is told.
  static func trailers(
    _ error: RPCError, _ trailing: Metadata? = nil, namesEncodings: Bool = false
  ) -> HeaderFields {
    var fields = HeaderFields()
    fields.append("grpc-status", String(error.code.rawValue))
    if namesEncodings { fields.append("grpc-accept-encoding", "identity") }
    if !error.message.isEmpty { fields.append("grpc-message", StatusMessage.encode(error.message)) }
    for (name, value) in error.metadata { fields.append(name, value) }
    if let trailing {
      for (name, value) in trailing { fields.append(name, value) }
    }
    return fields
  }
}
