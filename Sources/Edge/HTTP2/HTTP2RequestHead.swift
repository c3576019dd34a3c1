internal import HTTP2

/// A request's head from HTTP/2's fields (RFC 9113 section 8.3). nghttp2 has refused malformed and misplaced fields already.
enum HTTP2RequestHead {
  static func read(_ fields: borrowing HeaderFields, limits: EdgeLimits) throws(HTTPRejection) -> HTTPRequestHead {
    var head = HTTPRequestHead()
    head.bytes.reserveCapacity(fields.listSize)
    head.fields.reserveCapacity(fields.count)
    var hasTarget = false
    var count = 0
    var targetLength = 0
    var authority: ByteRange?
    fields.forEachField { name, value in
      if name.first != UInt8(ascii: ":") {
        count += 1
        let start = append(name, to: &head)
        let valueStart = append(value, to: &head)
        head.fields.append(
          HTTPField(
            name: ByteRange(start: start, end: valueStart),
            value: ByteRange(start: valueStart, end: UInt32(head.bytes.count))))
      } else if name.elementsEqual(":method".utf8) {
        head.method = HTTPMethod(bytes: value)
        head.methodName.start = append(value, to: &head)
        head.methodName.end = UInt32(head.bytes.count)
      } else if name.elementsEqual(":path".utf8) {
        hasTarget = value.first == ASCII.slash || value.elementsEqual("*".utf8)
        targetLength = value.count
        let start = append(value, to: &head)
        split(start, &head)
      } else if name.elementsEqual(":authority".utf8) {
        let start = append("host".utf8, to: &head)
        let valueStart = append(value, to: &head)
        let host = HTTPField(
          name: ByteRange(start: start, end: valueStart),
          value: ByteRange(start: valueStart, end: UInt32(head.bytes.count)))
        head.fields.append(host)
        authority = host.value
      }
    }
    if let authority { try checkHost(authority, &head) }
    if let expect = head.value("expect"), !isContinue(expect) { throw .expectationFailed }
    guard hasTarget else { throw .malformed("The request target must begin with /") }
    guard targetLength <= limits.requestLineBytes else { throw .requestLineTooLong }
    guard count <= limits.fields else { throw .headTooLarge }
    return head
  }

  /// Whether the client waits to be told to send its body (RFC 9110 section 10.1.1).
  static func isContinue(_ expect: ArraySlice<UInt8>) -> Bool {
    expect.map(ASCII.lowercased).elementsEqual("100-continue".utf8)
  }

  /// `Host` beside `:authority` must say the same (RFC 9113 section 8.3.1), and then it is dropped.
  private static func checkHost(_ authority: ByteRange, _ head: inout HTTPRequestHead) throws(HTTPRejection) {
    guard let second = head.fields.lastIndex(where: { head.matches($0.name, "host") && $0.value != authority }) else {
      return
    }
    guard head.bytes[head.fields[second].value.indices].elementsEqual(head.bytes[authority.indices]) else {
      throw .malformed("The authority and the Host header disagree")
    }
    head.fields.remove(at: second)
  }

  private static func append(_ bytes: some Sequence<UInt8>, to head: inout HTTPRequestHead) -> UInt32 {
    let start = UInt32(head.bytes.count)
    head.bytes.append(contentsOf: bytes)
    return start
  }

  /// Finds path and query in the target that begins at `start` and ends where the bytes do.
  private static func split(_ start: UInt32, _ head: inout HTTPRequestHead) {
    let end = UInt32(head.bytes.count)
    if let mark = head.bytes[Int(start)...].firstIndex(of: UInt8(ascii: "?")) {
      head.path = ByteRange(start: start, end: UInt32(mark))
      head.query = ByteRange(start: UInt32(mark) + 1, end: end)
    } else {
      head.path = ByteRange(start: start, end: end)
    }
  }
}
