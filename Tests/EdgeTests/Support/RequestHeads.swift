@testable import Edge

extension HTTPRequestHead {
  /// The head that the parser makes of a request line and field lines.
  static func reading(_ line: String, _ fields: String...) -> HTTPRequestHead {
    var parser = HTTP1RequestParser()
    var offset = 0
    let lines = ["\(line) HTTP/1.1", "Host: a"] + fields + ["", ""]
    let bytes = Array(lines.joined(separator: "\r\n").utf8)
    guard case .request(let request, _) = parser.next(bytes.span.bytes, &offset, limits: EdgeLimits()) else {
      return HTTPRequestHead()
    }
    return request.head
  }
}
