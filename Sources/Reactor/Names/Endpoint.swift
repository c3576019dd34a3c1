internal import Glibc

/// Where a server is told to be: an address, or a name that must be looked up first.
public enum Endpoint: Hashable, Sendable {
  /// A numeric address or a unix socket: nothing is looked up.
  case address(SocketAddress)
  /// A host name and a port: a `NameResolver` tells its addresses.
  case name(String, port: UInt16)

  /// The most bytes a host name may have (RFC 1035 §2.3.4, written with dots and without the last one).
  static let maximumNameByteCount = 253

  /// A host without its port: a name, a numeric IPv4 address, or a numeric IPv6 address with or without brackets.
  /// - Throws: `ReactorError.invalidAddress`.
  public init(host: String, port: UInt16) throws(ReactorError) {
    let isBracketed = host.utf8.first == UInt8(ascii: "[") && host.utf8.last == UInt8(ascii: "]")
    let bare = isBracketed ? String(host.dropFirst().dropLast()) : host
    if let address = SocketAddress(numeric: bare, port: port) {
      // Brackets are for IPv6 only (RFC 3986 §3.2.2).
      if isBracketed, case .ipv4 = address { throw .invalidAddress(host) }
      self = .address(address)
    } else if !isBracketed, Self.isName(bare) {
      self = .name(bare, port: port)
    } else {
      throw .invalidAddress(host)
    }
  }

  /// `host:port`, `192.0.2.1:port`, `[2001:db8::1]:port`, `unix:path` or `unix:///path`; also with gRPC's `dns:` in front
  /// (gRPC naming.md).
  /// - Parameter defaultPort: taken when the text names no port; nil refuses such a text.
  /// - Throws: `ReactorError.invalidAddress`.
  public init(_ text: String, defaultPort: UInt16? = nil) throws(ReactorError) {
    if text.hasPrefix("unix:") {
      let path = text.dropFirst(5)
      // `unix://` is followed by an absolute path, as in a URI without an authority.
      guard !path.hasPrefix("//") || path.hasPrefix("///") else { throw .invalidAddress(text) }
      self = .address(try SocketAddress(unixPath: String(path.hasPrefix("///") ? path.dropFirst(2) : path)))
      return
    }
    var rest = Substring(text)
    for prefix in ["dns:///", "dns:"] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
      break
    }
    let (host, digits) = try Self.split(rest, of: text)
    guard let port = digits.map(Self.port) ?? defaultPort else { throw .invalidAddress(text) }
    try self.init(host: host, port: port)
  }

  private static func split(
    _ rest: Substring, of text: String
  ) throws(ReactorError) -> (host: String, port: Substring?) {
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { throw .invalidAddress(text) }
      let host = String(rest[...end])
      let after = rest[rest.index(after: end)...]
      if after.isEmpty { return (host, nil) }
      guard after.first == ":" else { throw .invalidAddress(text) }
      return (host, after.dropFirst())
    }
    guard let colon = rest.firstIndex(of: ":") else { return (String(rest), nil) }
    // A second colon makes an IPv6 address, which must stand in brackets when a port follows.
    guard !rest[rest.index(after: colon)...].contains(":") else { return (String(rest), nil) }
    return (String(rest[..<colon]), rest[rest.index(after: colon)...])
  }

  private static func port(_ digits: Substring) -> UInt16? {
    guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return UInt16(digits)
  }

  /// Letters, digits, hyphens and underscores in labels of 1 to 63 bytes. A name whose last label is a number is no name but a misspelt
  /// IPv4 address, which the C library would complete by rules of its own (`1.2.3` is 1.2.0.3 to it).
  private static func isName(_ host: String) -> Bool {
    let bytes = Array(host.utf8.last == UInt8(ascii: ".") ? host.utf8.dropLast() : host.utf8[...])
    guard (1...maximumNameByteCount).contains(bytes.count) else { return false }
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isSpelt = labels.allSatisfy { label in
      (1...63).contains(label.count)
        && label.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
          case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
          default: false
          }
        }
    }
    return isSpelt && !isNumber(labels[labels.count - 1])
  }

  private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
    let isHexadecimal =
      label.count > 1 && label.first == 0x30 && label[label.startIndex + 1] | 0x20 == UInt8(ascii: "x")
    return isHexadecimal || label.allSatisfy { (0x30...0x39).contains($0) }
  }
}

extension Endpoint: CustomStringConvertible {
  public var description: String {
    switch self {
    case .address(let address): address.description
    case .name(let host, let port): "\(host):\(port)"
    }
  }
}
