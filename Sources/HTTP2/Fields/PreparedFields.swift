internal import CNghttp2

/// Header fields that never change, laid out once as nghttp2 wants them and sent without a copy.
///
/// Make a fixed number of them, such as `static let` constants: their memory is never given back, because a frame that waits to be sent
/// may point into it.
// @unchecked Sendable: the memory is written in `init` only and read by everybody afterwards.
public struct PreparedFields: @unchecked Sendable {
  let fields: UnsafeBufferPointer<nghttp2_nv>

  public init(_ pairs: KeyValuePairs<String, String>) {
    self.init(Array(pairs))
  }

  public init(_ pairs: [(key: String, value: String)]) {
    let fields = UnsafeMutableBufferPointer<nghttp2_nv>.allocate(capacity: pairs.count)
    for (index, pair) in pairs.enumerated() {
      fields.initializeElement(
        at: index,
        to: nghttp2_nv(
          name: Self.immortal(pair.key), value: Self.immortal(pair.value), namelen: pair.key.utf8.count,
          valuelen: pair.value.utf8.count,
          flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)))
    }
    self.fields = UnsafeBufferPointer(fields)
  }

  private static func immortal(_ text: String) -> UnsafeMutablePointer<UInt8> {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count + 1)
    _ = bytes.initialize(from: text.utf8)
    return bytes.baseAddress.unsafelyUnwrapped
  }
}

/// Lays out constant and variable fields as one nghttp2 list for the time of `body`.
func withFieldList<R>(
  _ prepared: PreparedFields?, _ fields: HeaderFields?, _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> R
) -> R {
  let preparedCount = prepared?.fields.count ?? 0
  guard let fields, !fields.isEmpty else {
    // nghttp2 takes a mutable pointer and does not write through it.
    return body(UnsafeMutableBufferPointer(mutating: prepared?.fields ?? UnsafeBufferPointer(start: nil, count: 0)))
  }
  return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: preparedCount + fields.count) { list in
    if let prepared { _ = list.initialize(from: prepared.fields) }
    var index = preparedCount
    // The buffer is lent for the whole of `body`, so the pointers noted by the visits stay good.
    return fields.storage.withUnsafeBytes { _ in
      fields.forEachField { name, value in
        list[index] = nghttp2_nv(
          name: UnsafeMutableRawPointer(mutating: name.baseAddress)?.assumingMemoryBound(to: UInt8.self),
          value: UnsafeMutableRawPointer(mutating: value.baseAddress)?.assumingMemoryBound(to: UInt8.self),
          namelen: name.count, valuelen: value.count, flags: FieldIndexing.flags(forName: name))
        index += 1
      }
      return body(list)
    }
  }
}

/// Which fields stay out of HPACK's dynamic table: those whose value differs from call to call, where an entry would only push out
/// the ones that repeat (the claims, the tenant).
enum FieldIndexing {
  static let neverRepeating: [StaticString] = ["x-request-id", "traceparent", "grpc-timeout", "grpc-message"]

  static func flags(forName name: UnsafeRawBufferPointer) -> UInt8 {
    for candidate in neverRepeating where candidate.utf8CodeUnitCount == name.count {
      if name.elementsEqual(UnsafeBufferPointer(start: candidate.utf8Start, count: candidate.utf8CodeUnitCount)) {
        return UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue)
      }
    }
    return UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
  }
}
