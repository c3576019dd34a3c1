/// Writes answers as HTTP/1.1 (RFC 9112 section 4): the head's bytes into a buffer the caller keeps.
enum HTTP1ResponseWriter {
  static let continueLine: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

  /// Appends the head of `response`.
  /// - Parameters:
  ///   - lines: its status line and the fields that go with it, see `ResponseHeads`.
  ///   - date: the value of the date field.
  ///   - closes: the connection ends after this answer.
  static func appendHead(
    of response: HTTPResponse, lines: [UInt8], date: [UInt8], closes: Bool, to buffer: inout [UInt8]
  ) {
    buffer.append(contentsOf: lines)
    buffer.append("date: ")
    buffer.append(contentsOf: date)
    if response.mayHaveBody {
      buffer.append("\r\ncontent-length: ")
      buffer.append(decimal: response.body.count)
    }
    if !response.requestID.isEmpty {
      buffer.append("\r\nx-request-id: ")
      buffer.append(contentsOf: response.requestID)
    }
    buffer.append("\r\n")
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
