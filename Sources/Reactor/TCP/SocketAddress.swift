internal import CLinux
internal import Glibc

/// Where a stream socket listens or connects: IPv4, IPv6 or a unix socket path.
public enum SocketAddress: Hashable, Sendable {
  /// Address in host byte order (127.0.0.1 is 0x7f000001).
  case ipv4(UInt32, port: UInt16)
  /// The two halves of the address in host byte order.
  case ipv6(UInt64, UInt64, port: UInt16)
  case unix(path: String)

  /// A numeric address, or `localhost` for 127.0.0.1. Names are not looked up here, because that blocks: see `NameResolver`.
  /// - Throws: `ReactorError.invalidAddress`.
  public init(host: String, port: UInt16) throws(ReactorError) {
    guard let address = SocketAddress(numeric: host == "localhost" ? "127.0.0.1" : host, port: port) else {
      throw .invalidAddress(host)
    }
    self = address
  }

  /// Nil when the text is no numeric address: four decimal numbers, or IPv6 without brackets and without a zone.
  init?(numeric text: String, port: UInt16) {
    var four = in_addr()
    var six = in6_addr()
    // The C functions stop at a NUL, which a Swift string may contain.
    guard !text.utf8.contains(0) else { return nil }
    if inet_pton(AF_INET, text, &four) == 1 {
      self = .ipv4(UInt32(bigEndian: four.s_addr), port: port)
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      self = .ipv6(six, port: port)
    } else {
      return nil
    }
  }

  /// - Throws: `ReactorError.invalidAddress` for an empty path or one over 107 bytes, the kernel's limit.
  public init(unixPath path: String) throws(ReactorError) {
    guard (1...107).contains(path.utf8.count), !path.utf8.contains(0) else { throw .invalidAddress(path) }
    self = .unix(path: path)
  }

  /// The port, `nil` for a unix socket.
  public var port: UInt16? {
    switch self {
    case .ipv4(_, let port), .ipv6(_, _, let port): port
    case .unix: nil
    }
  }

  /// Whether only this machine can reach the address.
  public var isLoopback: Bool {
    switch self {
    case .ipv4(let address, _): address >> 24 == 127
    case .ipv6(let high, let low, _): high == 0 && low == 1
    case .unix: true
    }
  }

  var family: Int32 {
    switch self {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  private static func ipv6(_ address: in6_addr, port: UInt16) -> SocketAddress {
    let halves = unsafeBitCast(address, to: (UInt64, UInt64).self)
    return .ipv6(UInt64(bigEndian: halves.0), UInt64(bigEndian: halves.1), port: port)
  }

  /// One address of `getaddrinfo`, with `port`. Nil for another family, and for an IPv6 address that is valid on one interface only (with a
  /// scope, RFC 4007), which this type does not express.
  init?(_ address: UnsafePointer<sockaddr>, _ length: socklen_t, port: UInt16) {
    switch Int32(address.pointee.sa_family) {
    case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
      let four = UnsafeRawPointer(address).load(as: sockaddr_in.self)
      self = .ipv4(UInt32(bigEndian: four.sin_addr.s_addr), port: port)
    case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
      let six = UnsafeRawPointer(address).load(as: sockaddr_in6.self)
      guard six.sin6_scope_id == 0 else { return nil }
      self = .ipv6(six.sin6_addr, port: port)
    default: return nil
    }
  }

  init(_ storage: sockaddr_storage) {
    self = withUnsafePointer(to: storage) { pointer in
      switch Int32(storage.ss_family) {
      case AF_INET:
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          .ipv4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr), port: UInt16(bigEndian: $0.pointee.sin_port))
        }
      case AF_INET6:
        return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
          .ipv6($0.pointee.sin6_addr, port: UInt16(bigEndian: $0.pointee.sin6_port))
        }
      default:
        return .unix(path: "")
      }
    }
  }

  func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    let length: Int = withUnsafeMutablePointer(to: &storage) { pointer in
      switch self {
      case .ipv4(let address, let port):
        pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          $0.pointee.sin_family = sa_family_t(AF_INET)
          $0.pointee.sin_addr.s_addr = address.bigEndian
          $0.pointee.sin_port = port.bigEndian
        }
        return MemoryLayout<sockaddr_in>.size
      case .ipv6(let high, let low, let port):
        pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
          $0.pointee.sin6_family = sa_family_t(AF_INET6)
          $0.pointee.sin6_addr = unsafeBitCast((high.bigEndian, low.bigEndian), to: in6_addr.self)
          $0.pointee.sin6_port = port.bigEndian
        }
        return MemoryLayout<sockaddr_in6>.size
      case .unix(let path):
        pointer.withMemoryRebound(to: sockaddr_un.self, capacity: 1) {
          $0.pointee.sun_family = sa_family_t(AF_UNIX)
          withUnsafeMutableBytes(of: &$0.pointee.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        }
        return MemoryLayout<sockaddr_un>.size
      }
    }
    return withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .ipv4(let address, let port):
      return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
    case .ipv6(let high, let low, let port):
      var address = unsafeBitCast((high.bigEndian, low.bigEndian), to: in6_addr.self)
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
        inet_ntop(AF_INET6, &address, buffer.baseAddress, socklen_t(buffer.count))
        return buffer.baseAddress.map { String(cString: $0) } ?? ""
      }
      return "[\(text)]:\(port)"
    case .unix(let path):
      return path.isEmpty ? "unix" : "unix:\(path)"
    }
  }
}
