import Glibc

/// Finds out before anything is started whether a port is free, and who has it if not.
enum PortCheck {
  /// Fails when one of the ports cannot be listened on.
  static func requireFree(_ ports: [(port: UInt16, use: String, host: String)]) throws {
    var taken: [String] = []
    for (port, use, host) in ports {
      guard let code = bindError(port: port, host: host) else { continue }
      if code == EADDRINUSE {
        let owner = listener(on: port).map { " by \($0)" } ?? ""
        taken.append("port \(port) (\(use)) is in use\(owner)")
      } else {
        taken.append("cannot listen on \(host), port \(port) (\(use)): \(systemErrorText(code))")
      }
    }
    guard !taken.isEmpty else { return }
    throw CommandFailure(
      taken.joined(separator: "\n"),
      advice: ["stop what uses it, or choose other ports: --port N for the edge, --base-port N added to all"])
  }

  /// The error of binding, or nil when the port is free.
  private static func bindError(port: UInt16, host: String) -> Int32? {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host == "localhost" ? "127.0.0.1" : host, "\(port)", &hints, &found) == 0, let found else {
      return EADDRNOTAVAIL
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(found.pointee.ai_family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // Connections of the last run that linger in the kernel do not take the port.
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 1) == 0 else {
      return errno
    }
    return nil
  }

  /// "process 123 (nginx)" that listens on the port, if we may see it.
  private static func listener(on port: UInt16) -> String? {
    let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningSockets(table: $0, port: port) }
    guard !sockets.isEmpty else { return nil }
    for process in Files.names(in: "/proc") where process.allSatisfy(\.isNumber) {
      for descriptor in Files.names(in: "/proc/\(process)/fd") {
        guard let target = Files.linkTarget("/proc/\(process)/fd/\(descriptor)"), sockets.contains(target) else {
          continue
        }
        let name = (try? Files.text("/proc/\(process)/comm"))??.split(separator: "\n").first ?? "?"
        return "process \(process) (\(name))"
      }
    }
    return nil
  }

  /// The listening sockets of a kernel table, spelled as the links in `/proc/PID/fd` are.
  private static func listeningSockets(table: String, port: UInt16) -> [String] {
    guard let text = try? Files.text(table) else { return [] }
    return text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ")
      // Local address in field 1 (hexadecimal, port after the colon), state in field 3 (0A listens), inode in field 9.
      guard fields.count > 9, fields[3] == "0A", let digits = fields[1].split(separator: ":").last,
        UInt16(digits, radix: 16) == port
      else { return nil }
      return "socket:[\(fields[9])]"
    }
  }
}
