import Glibc

/// Asks a process's internal page on loopback whether it serves.
enum HealthProbe {
  enum Answer: Sendable {
    case healthy
    /// It answers that it does not serve, or cannot be reached yet.
    case unhealthy
    /// It was reached and said nothing: the kernel took the connection, the process did not.
    case silent
  }

  /// How long a healthy process may take to answer.
  private static let patience = timeval(tv_sec: 1, tv_usec: 0)

  static func ask(port: UInt16) -> Answer {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return .unhealthy }
    defer { close(descriptor) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var patience = patience
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard connected else { return .unhealthy }
    let request = Array("GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      return .unhealthy
    }
    // "HTTP/1.1 200" may arrive in pieces.
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 256)
    while answer.count < 12 {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { return count < 0 && errno == EAGAIN ? .silent : .unhealthy }
      answer += chunk[..<count]
    }
    return answer[9..<12].elementsEqual("200".utf8) ? .healthy : .unhealthy
  }
}
