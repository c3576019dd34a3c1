internal import Glibc

/// Verified claims by the bytes they came as. Two generations of bounded size: when the younger is full it becomes the older, and what
/// was not asked for since is forgotten with the one before. A lookup copies nothing.
struct ClaimsMemory {
  private struct Entry {
    let wireValue: [UInt8]
    let claims: CallerClaims
  }

  private static let hashedByteCount = 32

  private let generationSize: Int
  private var younger: [Int: Entry] = [:]
  private var older: [Int: Entry] = [:]

  init(capacity: Int) {
    generationSize = max(1, capacity / 2)
  }

  var count: Int { younger.count + older.count }

  mutating func find(_ wireValue: RawSpan) -> CallerClaims? {
    let hash = Self.hash(wireValue)
    if let entry = younger[hash], Self.isEqual(entry.wireValue, wireValue) { return entry.claims }
    guard let entry = older[hash], Self.isEqual(entry.wireValue, wireValue) else { return nil }
    add(entry, hash)
    return entry.claims
  }

  mutating func insert(_ claims: CallerClaims, for wireValue: RawSpan) {
    let bytes = wireValue.withUnsafeBytes { Array($0) }
    add(Entry(wireValue: bytes, claims: claims), Self.hash(wireValue))
  }

  private mutating func add(_ entry: Entry, _ hash: Int) {
    if younger.count >= generationSize {
      older = younger
      younger = [:]
    }
    // Another value with the same hash is forgotten: it will only have to be verified again.
    younger[hash] = entry
  }

  /// Of the last bytes only: there lies the signature, which differs between any two values. Only values with a good signature get in, so
  /// nobody can fill the memory with values that collide.
  private static func hash(_ bytes: RawSpan) -> Int {
    var hasher = Hasher()
    bytes.extracting(last: hashedByteCount).withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize()
  }

  private static func isEqual(_ bytes: [UInt8], _ right: RawSpan) -> Bool {
    guard bytes.count == right.byteCount else { return false }
    return right.withUnsafeBytes { right in
      bytes.withUnsafeBytes { left in
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        return memcmp(left, right, bytes.count) == 0
      }
    }
  }
}
