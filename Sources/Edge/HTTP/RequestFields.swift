/// The header fields that the edge acts on, found in one pass over a request's head.
///
/// A field that may stand once and stands twice is refused: which of the two counts would depend on who reads them
/// (RFC 9110 section 5.3). Fields that are lists may stand on several lines, which are one list.
struct RequestFields: Sendable {
  var acceptEncoding: ByteRange?
  var authorization: ByteRange?
  var contentEncoding: ByteRange?
  var contentType: ByteRange?
  var idempotencyKey: ByteRange?
  var ifMatch: ByteRange?
  var ifNoneMatch: ByteRange?
  var origin: ByteRange?
  var requestedMethod: ByteRange?
  var requestID: ByteRange?
  var tenantID: ByteRange?
  /// Nil also when it stands twice: then a new trace begins (W3C Trace Context, section 4.3).
  var traceParent: ByteRange?
  /// The first field that may stand once and stands twice, as it is usually spelt.
  private(set) var repeated: StaticString?

  private var traceParentIsRepeated = false

  init(_ head: HTTPRequestHead) {
    for field in head.fields { note(field, head) }
    if traceParentIsRepeated { traceParent = nil }
  }

  /// The length is compared first: most fields are none of these and cost one branch.
  private mutating func note(_ field: HTTPField, _ head: HTTPRequestHead) {
    switch field.name.count {
    case 6 where head.matches(field.name, "origin"): Self.once(&origin, field, "Origin", &repeated)
    case 8 where head.matches(field.name, "if-match"): Self.first(&ifMatch, field)
    case 11 where head.matches(field.name, "x-tenant-id"): Self.once(&tenantID, field, "X-Tenant-ID", &repeated)
    case 11 where head.matches(field.name, "traceparent"):
      if traceParent != nil { traceParentIsRepeated = true }
      traceParent = field.value
    case 12 where head.matches(field.name, "content-type"): Self.once(&contentType, field, "Content-Type", &repeated)
    case 12 where head.matches(field.name, "x-request-id"): Self.once(&requestID, field, "X-Request-ID", &repeated)
    case 13 where head.matches(field.name, "authorization"):
      Self.once(&authorization, field, "Authorization", &repeated)
    case 13 where head.matches(field.name, "if-none-match"): Self.first(&ifNoneMatch, field)
    case 15 where head.matches(field.name, "idempotency-key"):
      Self.once(&idempotencyKey, field, "Idempotency-Key", &repeated)
    case 15 where head.matches(field.name, "accept-encoding"): Self.first(&acceptEncoding, field)
    case 16 where head.matches(field.name, "content-encoding"): Self.first(&contentEncoding, field)
    case 29 where head.matches(field.name, "access-control-request-method"):
      Self.once(&requestedMethod, field, "Access-Control-Request-Method", &repeated)
    default: break
    }
  }

  private static func once(
    _ place: inout ByteRange?, _ field: HTTPField, _ name: StaticString, _ repeated: inout StaticString?
  ) {
    if place != nil, repeated == nil { repeated = name }
    place = field.value
  }

  private static func first(_ place: inout ByteRange?, _ field: HTTPField) {
    if place == nil { place = field.value }
  }
}

extension HTTPRequestHead {
  func value(_ range: ByteRange?) -> ArraySlice<UInt8>? {
    range.map { bytes[$0.indices] }
  }

  /// The value of a field that is a list, its lines joined by commas (RFC 9110 section 5.3).
  func list(_ name: StaticString) -> [UInt8] {
    var joined: [UInt8] = []
    for field in fields where matches(field.name, name) {
      if !joined.isEmpty { joined.append(", ") }
      joined.append(contentsOf: bytes[field.value.indices])
    }
    return joined
  }
}
