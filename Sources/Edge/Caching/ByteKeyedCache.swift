internal import Glibc

/// A bounded map from bytes to values, looked up without making a key of the bytes.
///
/// Two generations stand in for an exact order of use: what is found in the older one moves to the younger one, and
/// when that is full the older one is forgotten. No bookkeeping on a hit, never more than `capacity` entries.
struct ByteKeyedCache<Value> {
  private struct Entry {
    let key: [UInt8]
    var value: Value
  }

  private let generationCapacity: Int
  private var young: [UInt64: Entry] = [:]
  private var old: [UInt64: Entry] = [:]

  init(capacity: Int) {
    generationCapacity = max(1, capacity / 2)
  }

  var count: Int { young.count + old.count }

  /// The value of exactly these bytes.
  mutating func value(for key: ArraySlice<UInt8>) -> Value? {
    let hash = Self.hash(key)
    if let entry = young[hash], Self.isEqual(entry.key, key) { return entry.value }
    guard let entry = old[hash], Self.isEqual(entry.key, key) else { return nil }
    old[hash] = nil
    store(entry, hash)
    return entry.value
  }

  mutating func insert(_ value: Value, for key: ArraySlice<UInt8>) {
    store(Entry(key: Array(key), value: value), Self.hash(key))
  }

  mutating func remove(_ key: ArraySlice<UInt8>) {
    let hash = Self.hash(key)
    if let entry = young[hash], Self.isEqual(entry.key, key) { young[hash] = nil }
    if let entry = old[hash], Self.isEqual(entry.key, key) { old[hash] = nil }
  }

  mutating func removeAll(where isMeant: (Value) -> Bool) {
    young = young.filter { !isMeant($0.value.value) }
    old = old.filter { !isMeant($0.value.value) }
  }

  private mutating func store(_ entry: Entry, _ hash: UInt64) {
    if young.count >= generationCapacity, young[hash] == nil {
      old = young
      young = [:]
    }
    old[hash] = nil
    // Two keys with one hash would need to break the process's secret SipHash key; then one only displaces the other.
    young[hash] = entry
  }

  private static func isEqual(_ key: [UInt8], _ other: ArraySlice<UInt8>) -> Bool {
    guard key.count == other.count else { return false }
    return key.withUnsafeBytes { left in
      other.withUnsafeBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        return memcmp(left, right, key.count) == 0
      }
    }
  }

  private static func hash(_ key: ArraySlice<UInt8>) -> UInt64 {
    var hasher = Hasher()
    key.withUnsafeBytes { hasher.combine(bytes: $0) }
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
