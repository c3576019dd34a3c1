internal import Glibc

/// A method as a server serves it, with all that is looked up once for the method and not for each call.
final class ServedMethod: Sendable {
  let descriptor: MethodDescriptor
  let handler: ServerMethod.Handler
  let interceptors: [any ServerInterceptor]
  /// The place of the first one that may wait; nil when none does, and a call then costs nothing for it.
  let firstWaitingInterceptor: Int?
  /// Names that calls made on behalf of a call pass on.
  let forwarded: [MetadataKey]
  /// Whether it is served however many handlers run.
  let isAlwaysServed: Bool

  init(_ method: ServerMethod, _ configuration: ServerConfiguration) {
    descriptor = method.descriptor
    handler = method.handler
    isAlwaysServed = method.isAlwaysServed
    interceptors = configuration.interceptors.map { $0.resolved(for: method.descriptor) }
    firstWaitingInterceptor = interceptors.firstIndex { $0 is any WaitingServerInterceptor }
    forwarded = configuration.forwardedMetadata
  }
}

/// Finds a method by the bytes of its path.
struct MethodTable: Sendable {
  private var buckets: [[Entry]]

  private struct Entry: Sendable {
    let path: [UInt8]
    let method: ServedMethod
  }

  init(_ methods: [ServedMethod]) {
    let count = max(16, methods.count * 2)
    buckets = [[Entry]](repeating: [], count: count)
    for method in methods {
      let path = Array(method.descriptor.path.utf8)
      let bucket = path.withUnsafeBytes { Self.hash($0) } % count
      precondition(!buckets[bucket].contains { $0.path == path }, "\(method.descriptor.path) is served twice")
      buckets[bucket].append(Entry(path: path, method: method))
    }
  }

  func find(_ path: UnsafeRawBufferPointer) -> ServedMethod? {
    let bucket = buckets[Self.hash(path) % buckets.count]
    for index in bucket.indices where bucket[index].path.count == path.count {
      let same = bucket[index].path.withUnsafeBytes { bytes in
        guard let one = bytes.baseAddress, let other = path.baseAddress else { return bytes.count == path.count }
        return memcmp(one, other, bytes.count) == 0
      }
      if same { return bucket[index].method }
    }
    return nil
  }

  /// Of the length and the last eight bytes: paths of one service differ in the name of the method. The table is made of our own paths, so
  /// nobody can choose what collides in it.
  @inline(__always)
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hash = UInt64(truncatingIfNeeded: bytes.count)
    if bytes.count >= 8 { hash ^= bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self) }
    hash = (hash ^ hash >> 32) &* 0x9e37_79b9_7f4a_7c15
    return Int(hash >> 33)
  }
}
