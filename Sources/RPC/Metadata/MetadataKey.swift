/// The name of a piece of metadata: lower-case letters, digits, `-`, `_` and `.`. Values of names that end in `-bin` are bytes.
public struct MetadataKey: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  public let name: String

  /// Answers nil for a name that is not allowed or belongs to the protocol (`grpc-…`, `content-type`, `te`, `connection`, …).
  public init?(validating name: String) {
    guard Self.isAllowed(name) else { return nil }
    self.name = name
  }

  /// For names written in the program.
  public init(stringLiteral name: StaticString) {
    let text = name.description
    precondition(Self.isAllowed(text), "not a name for metadata: \(text)")
    self.name = text
  }

  /// Carries the caller's key of a call to a method that is declared `Idempotency.keyed`.
  public static let idempotencyKey: MetadataKey = "idempotency-key"

  public var isBinary: Bool { name.hasSuffix("-bin") }

  public var description: String { name }

  private static let reserved: Set<String> = [
    "te", "content-type", "content-length", "connection", "keep-alive", "proxy-connection", "transfer-encoding",
    "upgrade", "host",
    "user-agent",
  ]

  static func isAllowed(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 256, !isReserved(name) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x5f: true
      default: false
      }
    }
  }

  static func isReserved(_ name: String) -> Bool {
    name.hasPrefix(":") || name.hasPrefix("grpc-") && name != detailsName || reserved.contains(name)
  }

  /// The one name with `grpc-` that gRPC's libraries leave to servers: a `google.rpc.Status` in the trailers.
  private static let detailsName = "grpc-status-details-bin"
}
