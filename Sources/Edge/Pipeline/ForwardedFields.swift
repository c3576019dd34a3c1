internal import RPC
internal import Reactor
internal import Schema

/// Fields of a request that go on to the service as metadata, and of its reply that come back as fields.
enum ForwardedFields {
  static let requestID: MetadataKey = "x-request-id"
  static let traceParent: MetadataKey = "traceparent"
  static let ifMatch: MetadataKey = "if-match"
  static let clientAddress: MetadataKey = "cloudbill-client-address"

  /// Bytes of the longest `Idempotency-Key`.
  private static let longestKey = 255

  /// - Throws: 400 for an `Idempotency-Key` that is empty, too long or not printable.
  static func add(
    _ head: HTTPRequestHead, _ fields: RequestFields, _ conditions: Preconditions, _ route: RestRoute,
    from peer: SocketAddress, to metadata: inout Metadata
  ) throws(ErrorAnswer) {
    if let parent = head.value(fields.traceParent), isTraceParent(parent) {
      metadata.append(ascii: Array(parent), for: traceParent)
    }
    if route.access == .open { metadata.append(address(of: peer), for: clientAddress) }
    if let tags = conditions.ifMatch, !head.method.isSafe {
      metadata.append(String(decoding: tags.text, as: UTF8.self), for: ifMatch)
    }
    guard route.idempotency == .keyed, let key = head.value(fields.idempotencyKey) else { return }
    guard (1...longestKey).contains(key.count), key.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .validation(
        "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces", field: "Idempotency-Key")
    }
    metadata.append(ascii: Array(key), for: .idempotencyKey)
  }

  /// Takes over what a reply says about itself.
  static func take(_ metadata: Metadata, _ route: RestRoute, into response: inout HTTPResponse) {
    response.entityTag = metadata["etag"]
    if route.idempotency == .keyed, let replayed = metadata["idempotent-replayed"] {
      response.fields.append(.init(name: "idempotent-replayed", value: replayed))
    }
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
}
