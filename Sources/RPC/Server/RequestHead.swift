internal import Glibc
internal import HTTP2

/// What the header fields of a request say to the protocol.
struct RequestHead {
  /// The method that `:path` names.
  private(set) var method: ServedMethod?
  private(set) var isPost = false
  private(set) var isGRPC = false
  private(set) var isCompressed = false
  /// Nanoseconds; `.max` when there is no `grpc-timeout`, nil when it is not valid.
  private(set) var timeout: Int64? = .max

  /// Reads one field.
  @inline(__always)
  mutating func read(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ methods: MethodTable) {
    switch name.count {
    case 5 where Self.same(name, ":path"): method = methods.find(value)
    case 7 where Self.same(name, ":method"): isPost = Self.same(value, "POST")
    case 12 where Self.same(name, "content-type"): isGRPC = ContentType.isGRPC(value)
    case 12 where Self.same(name, "grpc-timeout"): timeout = CallTimeout.parse(value)
    case 13 where Self.same(name, "grpc-encoding"): isCompressed = !Self.same(value, "identity")
    default: break
    }
  }

  @inline(__always)
  private static func same(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return memcmp(start, text.utf8Start, bytes.count) == 0
  }
}
