/// Writes answers as HTTP/1.1 (RFC 9112 section 4): the head's bytes into a buffer the caller keeps.
enum HTTP1ResponseWriter {
  static let continueLine: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

  /// Appends the head of `response`. `date` is the value of the date field; `closes` says that the connection ends
  /// after this answer.
  static func appendHead(of response: HTTPResponse, date: [UInt8], closes: Bool, to buffer: inout [UInt8]) {
    buffer.append("HTTP/1.1 ")
    buffer.append(decimal: response.status)
    buffer.append(ASCII.space)
    buffer.append(HTTPStatus.reason(response.status))
    buffer.append("\r\ndate: ")
    buffer.append(contentsOf: date)
    if response.mayHaveBody {
      buffer.append("\r\ncontent-type: ")
      buffer.append(response.contentType.field)
      buffer.append("\r\ncontent-length: ")
      buffer.append(decimal: response.body.count)
    }
    if !response.requestID.isEmpty {
      buffer.append("\r\nx-request-id: ")
      buffer.append(contentsOf: response.requestID)
    }
    buffer.append("\r\n")
    buffer.append(contentsOf: SecurityFields.lines)
    response.forEachField { name, value in
      buffer.append(name)
      buffer.append(": ")
      buffer.append(text: value)
      buffer.append("\r\n")
    }
    if closes { buffer.append("connection: close\r\n") }
    buffer.append("\r\n")
  }
}
