internal import Glibc

/// The media type of gRPC's messages.
enum ContentType {
  private static let grpc: StaticString = "application/grpc"
  private static let suffix: StaticString = "+proto"

  /// Whether the value is `application/grpc` or `application/grpc+proto`, with or without parameters; case does not matter (RFC 9110
  /// §8.3.1). Other suffixes name other codecs.
  @inline(__always)
  static func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
    guard value.count == grpc.utf8CodeUnitCount, let start = value.baseAddress else { return isOtherSpelling(value) }
    return memcmp(start, grpc.utf8Start, value.count) == 0 || isOtherSpelling(value)
  }

  private static func isOtherSpelling(_ value: UnsafeRawBufferPointer) -> Bool {
    var rest = value[...]
    guard skip(grpc, in: &rest) else { return false }
    _ = skip(suffix, in: &rest)
    // Parameters may have spaces in front of them (RFC 9110 §5.6.6).
    let behind = rest.drop { $0 == 0x20 || $0 == 0x09 }.first
    return behind == nil || behind == UInt8(ascii: ";")
  }

  /// `text` is in lower case.
  private static func skip(_ text: StaticString, in rest: inout Slice<UnsafeRawBufferPointer>) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    let given = rest.prefix(wanted.count)
    guard given.count == wanted.count,
      zip(given, wanted).allSatisfy({ given, wanted in
        given == wanted || (0x41...0x5A).contains(given) && given | 0x20 == wanted
      })
    else { return false }
    rest = rest.dropFirst(wanted.count)
    return true
  }
}
