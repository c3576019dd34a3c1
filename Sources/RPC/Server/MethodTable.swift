internal import Glibc

/// Finds a method by the bytes of its path.
struct MethodTable: Sendable {
  private var buckets: [[Entry]]

  private struct Entry: Sendable {
    let path: [UInt8]
    let method: ServerMethod
  }

  init(_ methods: [ServerMethod]) {
    let count = max(16, methods.count * 2)
    buckets = [[Entry]](repeating: [], count: count)
    for method in methods {
      let path = Array(method.descriptor.path.utf8)
      let bucket = path.withUnsafeBytes { Self.hash($0) } % count
      precondition(!buckets[bucket].contains { $0.path == path }, "\(method.descriptor.path) is served twice")
      buckets[bucket].append(Entry(path: path, method: method))
    }
  }

  func find(_ path: UnsafeRawBufferPointer) -> ServerMethod? {
    for entry in buckets[Self.hash(path) % buckets.count] where entry.path.count == path.count {
      let same = entry.path.withUnsafeBytes { bytes in
        guard let one = bytes.baseAddress, let other = path.baseAddress else { return bytes.count == path.count }
        return memcmp(one, other, bytes.count) == 0
      }
      if same { return entry.method }
    }
    return nil
  }

  /// FNV-1a. The table is made of our own paths, so nobody can choose what collides in it.
  @inline(__always)
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(hash >> 1)
  }
}
