/// What a complete HTTP/1.1 head says about the bytes that follow it (RFC 9112 section 6), or why it cannot be trusted.
struct HTTP1Framing: Sendable, Hashable {
  enum Body: Sendable, Hashable {
    case none
    case length(Int)
    case chunked
  }

  var body = Body.none
  var keepsAlive = true
  var expectsContinue = false

  /// Finishes the head (lower-case names, method, path) and judges it. Whatever two readers could understand
  /// differently is refused: that difference is what request smuggling lives on.
  init(
    finishing head: inout HTTPRequestHead, line: HTTP1RequestLineParser, limits: EdgeLimits
  ) throws(HTTPRejection) {
    for field in head.fields {
      for index in field.name.indices { head.bytes[index] = ASCII.lowercased(head.bytes[index]) }
    }
    head.method = HTTPMethod(bytes: head.bytes[head.methodName.indices])
    keepsAlive = line.minorVersion == 1

    var host: HTTPField?
    var length: Int?
    var chunked = false
    for field in head.fields {
      // The length is compared first: most fields are none of these and cost one branch.
      switch field.name.count {
      case 4 where head.matches(field.name, "host"):
        guard host == nil else { throw .malformed("More than one Host header") }
        host = field
      case 6 where head.matches(field.name, "expect"):
        guard Self.equals(head, field.value, "100-continue") else { throw .expectationFailed }
        expectsContinue = line.minorVersion == 1
      case 10 where head.matches(field.name, "connection"):
        readConnection(head.bytes[field.value.indices])
      case 14 where head.matches(field.name, "content-length"):
        guard length == nil else { throw .malformed("More than one Content-Length header") }
        length = try Self.length(head.bytes[field.value.indices], limit: limits.bodyBytes)
      case 17 where head.matches(field.name, "transfer-encoding"):
        guard !chunked, line.minorVersion == 1, Self.equals(head, field.value, "chunked") else {
          throw .malformed("Transfer-Encoding can only be chunked, once, in HTTP/1.1")
        }
        chunked = true
      default:
        break
      }
    }
    if chunked, length != nil { throw .malformed("Both Content-Length and Transfer-Encoding") }
    if let length, length > limits.bodyBytes { throw .bodyTooLarge }
    if chunked {
      body = .chunked
    } else if let length, length > 0 {
      body = .length(length)
    }
    if body == .none { expectsContinue = false }
    try Self.checkHost(host, head, line)
    try Self.finishTarget(&head, line, host: host)
  }

  private mutating func readConnection(_ value: ArraySlice<UInt8>) {
    for option in value.split(separator: ASCII.comma) {
      let name = option.filter { $0 != ASCII.space && $0 != ASCII.tab }.map(ASCII.lowercased)
      if name.elementsEqual("close".utf8) {
        keepsAlive = false
        return
      }
      if name.elementsEqual("keep-alive".utf8) { keepsAlive = true }
    }
  }

  /// Digits only: no sign, no list, no empty value. A number past the limit is returned as just past it.
  private static func length(_ value: ArraySlice<UInt8>, limit: Int) throws(HTTPRejection) -> Int {
    guard !value.isEmpty else { throw .malformed("Content-Length is not a number") }
    var total = 0
    for byte in value {
      guard byte &- 0x30 < 10 else { throw .malformed("Content-Length is not a number") }
      total = min(total * 10 + Int(byte &- 0x30), limit + 1)
    }
    return total
  }

  private static func checkHost(
    _ host: HTTPField?, _ head: HTTPRequestHead, _ line: HTTP1RequestLineParser
  ) throws(HTTPRejection) {
    guard let host else {
      // HTTP/1.0 has no Host; 1.1 must (RFC 9112 section 3.2).
      if line.minorVersion == 1 { throw .malformed("The Host header is missing") }
      return
    }
    let value = head.bytes[host.value.indices]
    guard !value.isEmpty, value.allSatisfy(ASCIISet.authority.contains) else {
      throw .malformed("The Host header is malformed")
    }
  }

  /// Reduces every form of target to path and query.
  private static func finishTarget(
    _ head: inout HTTPRequestHead, _ line: HTTP1RequestLineParser, host: HTTPField?
  ) throws(HTTPRejection) {
    switch line.targetForm {
    case .origin:
      return
    case .asterisk:
      guard head.method == .options else { throw .malformed("Only OPTIONS can ask for *") }
    case .absolute:
      let path = head.bytes[head.path.indices]
      guard let scheme = ["http://", "https://"].first(where: { Self.hasPrefix(path, $0) }) else {
        throw .malformed("The request target is malformed")
      }
      let authorityStart = path.startIndex + scheme.utf8.count
      let authorityEnd = path[authorityStart...].firstIndex(of: ASCII.slash) ?? path.endIndex
      let authority = path[authorityStart..<authorityEnd]
      // The target's authority wins over Host; when they differ someone on the way disagrees about who is asked.
      guard
        !authority.isEmpty, authority.allSatisfy(ASCIISet.authority.contains),
        host.map({ head.bytes[$0.value.indices].elementsEqual(authority) }) ?? true
      else { throw .malformed("The request target and the Host header disagree") }
      if authorityEnd == path.endIndex {
        head.bytes.append(ASCII.slash)
        head.path = ByteRange(start: UInt32(head.bytes.count - 1), end: UInt32(head.bytes.count))
      } else {
        head.path.start = UInt32(authorityEnd)
      }
      if head.bytes[head.path.indices].contains(where: { !ASCIISet.path.contains($0) }) {
        throw .malformed("The request target is malformed")
      }
    }
  }

  private static func hasPrefix(_ bytes: ArraySlice<UInt8>, _ prefix: String) -> Bool {
    bytes.count >= prefix.utf8.count && zip(bytes, prefix.utf8).allSatisfy { ASCII.lowercased($0) == $1 }
  }

  private static func equals(_ head: HTTPRequestHead, _ range: ByteRange, _ lowercase: String) -> Bool {
    range.count == lowercase.utf8.count && hasPrefix(head.bytes[range.indices], lowercase)
  }
}
