internal import RPC
internal import Reactor
internal import Schema

/// Fields of a request that go on to the service as metadata.
enum ForwardedFields {
  static let idempotencyKey: MetadataKey = "idempotency-key"
  static let ifMatch: MetadataKey = "if-match"
  static let clientAddress: MetadataKey = "cloudbill-client-address"

  /// Bytes of the longest `Idempotency-Key`.
  private static let longestKey = 255

  /// - Throws: 400 for an `Idempotency-Key` that is empty, too long or not printable.
  static func read(
    _ head: HTTPRequestHead, _ route: RestRoute, from peer: SocketAddress, into metadata: inout Metadata
  ) throws(ErrorAnswer) {
    if let parent = head.value("traceparent"), isTraceParent(parent) {
      metadata.append(String(decoding: parent, as: UTF8.self), for: "traceparent")
    }
    if route.access == .open { metadata.append(address(of: peer), for: clientAddress) }
    if route.idempotency != .read, let tags = head.value("if-match") {
      guard (1...longestKey).contains(tags.count), tags.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
        throw .validation("If-Match must be an entity tag such as \"1\"", field: "If-Match")
      }
      metadata.append(String(decoding: tags, as: UTF8.self), for: ifMatch)
    }
    guard route.idempotency == .keyed, let key = head.value("idempotency-key") else { return }
    guard (1...longestKey).contains(key.count), key.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .validation(
        "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces", field: "Idempotency-Key")
    }
    metadata.append(String(decoding: key, as: UTF8.self), for: idempotencyKey)
  }

  /// Version 00 of the W3C trace context: `00-` 32 digits `-` 16 digits `-` 2 digits.
  private static func isTraceParent(_ value: ArraySlice<UInt8>) -> Bool {
    guard value.count == 55 else { return false }
    return value.enumerated().allSatisfy { index, byte in
      switch index {
      case 2, 35, 52: byte == UInt8(ascii: "-")
      default: ASCII.hexadecimal(byte) != nil
      }
    }
  }

  /// Without the port: what sign-in attempts are counted by.
  private static func address(of peer: SocketAddress) -> String {
    let text = peer.description
    guard let colon = text.lastIndex(of: ":") else { return text }
    return String(text[..<colon])
  }

  /// Whether the body is said to be JSON, in UTF-8 if anything is said about that.
  static func isJSON(_ head: HTTPRequestHead) -> Bool {
    guard let value = head.text("content-type") else { return false }
    let parts = value.lowercased().split(separator: ";").map { $0.drop { $0 == " " } }
    guard let type = parts.first, type.split(separator: " ").first == "application/json" else { return false }
    return parts.dropFirst().allSatisfy { part in
      !part.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains(part)
    }
  }
}
