internal import HTTP2

/// The parts of an answer's head that are the same for all of its kind, put together once for each. One a loop.
///
/// There are a few dozen statuses and three content types, so what is kept is bounded.
final class ResponseHeads {
  private struct Key: Hashable {
    let status: Int
    let type: ContentType?
    let varies: Bool
  }

  private var prepared: [Key: PreparedFields] = [:]
  private var lines: [Key: [UInt8]] = [:]

  private static func key(_ response: HTTPResponse) -> Key {
    Key(
      status: response.status, type: response.mayHaveBody ? response.contentType : nil, varies: response.varies)
  }

  /// Status, type and security fields for HTTP/2, where `:status` comes first.
  func fields(of response: HTTPResponse) -> PreparedFields {
    let key = Self.key(response)
    if let known = prepared[key] { return known }
    var pairs = [(key: ":status", value: String(key.status))]
    if let type = key.type { pairs.append((key: "content-type", value: "\(type.field)")) }
    if key.varies { pairs.append((key: "vary", value: "accept-encoding")) }
    pairs += SecurityFields.all.map { (key: "\($0.name)", value: "\($0.value)") }
    let fields = PreparedFields(pairs)
    prepared[key] = fields
    return fields
  }

  /// The same as the first lines of HTTP/1.1.
  func lines(of response: HTTPResponse) -> [UInt8] {
    let key = Self.key(response)
    if let known = lines[key] { return known }
    var bytes: [UInt8] = []
    bytes.append("HTTP/1.1 ")
    bytes.append(decimal: key.status)
    bytes.append(ASCII.space)
    bytes.append(HTTPStatus.reason(key.status))
    bytes.append("\r\n")
    if let type = key.type {
      bytes.append("content-type: ")
      bytes.append(type.field)
      bytes.append("\r\n")
    }
    if key.varies { bytes.append("vary: accept-encoding\r\n") }
    for (name, value) in SecurityFields.all {
      bytes.append(name)
      bytes.append(": ")
      bytes.append(value)
      bytes.append("\r\n")
    }
    lines[key] = bytes
    return bytes
  }
}
