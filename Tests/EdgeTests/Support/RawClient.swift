import Glibc

/// A blocking TCP client that sends and reads bytes as they are: what a test wants to say to the edge, not what a
/// well-behaved HTTP library would.
final class RawClient {
  enum Failure: Error { case cannotConnect(Int32), timedOut, closed }

  private let descriptor: Int32
  private var unread: [UInt8] = []

  init(port: UInt16, timeoutSeconds: Int = 10) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure.cannotConnect(errno) }
  }

  deinit {
    close(descriptor)
  }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func send(_ text: String) {
    send(Array(text.utf8))
  }

  /// Says that nothing more will be sent.
  func endOutput() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Reads what is there; empty when the peer has closed.
  private func receive() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count < 0, errno == EAGAIN { throw Failure.timedOut }
    return Array(buffer.prefix(max(0, count)))
  }

  /// Everything up to the peer's close.
  func readToEnd() throws -> String {
    var all = unread
    unread = []
    while true {
      let more = try receive()
      if more.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += more
    }
  }

  /// One answer: its status, its head's lines in lower case, and its body as its length says.
  func readAnswer(toHead: Bool = false) throws -> Answer {
    let separator = Array("\r\n\r\n".utf8)
    var headEnd: Int?
    while true {
      headEnd = unread.indices.first { unread[$0...].starts(with: separator) }
      if headEnd != nil { break }
      let more = try receive()
      if more.isEmpty { throw Failure.closed }
      unread += more
    }
    let end = headEnd ?? 0
    let lines = String(decoding: unread[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
    unread.removeFirst(end + 4)
    var answer = Answer(statusLine: lines.first ?? "", fields: [:], body: "")
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
      answer.fields[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
    }
    let length = toHead ? 0 : Int(answer.fields["content-length"] ?? "0") ?? 0
    while unread.count < length {
      let more = try receive()
      if more.isEmpty { throw Failure.closed }
      unread += more
    }
    answer.body = String(decoding: unread.prefix(length), as: UTF8.self)
    unread.removeFirst(length)
    return answer
  }

  struct Answer {
    var statusLine: String
    var fields: [String: String]
    var body: String
    var status: Int { Int(statusLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }
  }
}
