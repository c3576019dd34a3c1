import Testing

@testable import Edge

/// What a parser said about an input, in a form that can be compared.
enum ParserTrace {
  /// Feeds `input` in pieces that end at `cuts` and writes down every event but "needs bytes".
  static func of(_ input: [UInt8], cuts: [Int] = [], limits: EdgeLimits = EdgeLimits()) -> [String] {
    var parser = HTTP1RequestParser()
    var trace: [String] = []
    var start = 0
    for end in cuts + [input.count] where end >= start {
      let piece = Array(input[start..<end])
      start = end
      var offset = 0
      reading: while true {
        let event = parser.next(piece.span.bytes, &offset, limits: limits)
        switch event {
        case .needsBytes:
          #expect(offset == piece.count, "input was left although more was asked for")
          break reading
        case .rejected(let rejection):
          let line = "rejected \(rejection.status) \(rejection.message)"
          if trace.last != line { trace.append(line) }
          break reading
        case .body(let bytes):
          trace.append("body {\(String(decoding: bytes, as: UTF8.self))}")
        case .request(let request, let keepsAlive):
          trace.append(describe(request, keepsAlive))
        }
      }
    }
    if !parser.isIdle { trace.append("unfinished") }
    return trace
  }

  static func of(_ input: String, limits: EdgeLimits = EdgeLimits()) -> [String] {
    of(Array(input.utf8), limits: limits)
  }

  private static func describe(_ request: HTTPRequest, _ keepsAlive: Bool) -> String {
    let head = request.head
    let query = head.query.map { "?" + head.text($0) } ?? ""
    let fields = head.fields.map { "\(head.text($0.name))=[\(head.text($0.value))]" }.joined(separator: " ")
    let body = String(decoding: request.body, as: UTF8.self)
    return "\(head.method.name) \(head.text(head.path))\(query) \(fields) {\(body)}\(keepsAlive ? "" : " close")"
  }
}
