internal import Glibc

/// Ordered header fields (RFC 9113 §8.2) in one flat buffer: a name of lower-case bytes and a value of bytes each.
///
/// One allocation however many fields there are. A lookup walks them, which for the dozen fields of a request costs less than hashing would.
public struct HeaderFields: Sendable, Hashable {
  /// Records of `[name length: 2][value length: 4][name][value]`, lengths in the machine's byte order.
  @usableFromInline var storage: [UInt8] = []
  public private(set) var count = 0

  static let prefixByteCount = 6

  public init() {}

  public init(_ fields: KeyValuePairs<String, String>) {
    for (name, value) in fields { append(name, value) }
  }

  public var isEmpty: Bool { count == 0 }

  /// What the fields count against a header list limit: names, values and 32 bytes for each field (RFC 9113 §6.5.2).
  public var listSize: Int { storage.count + count * (32 - Self.prefixByteCount) }

  public mutating func removeAll(keepingCapacity: Bool = false) {
    storage.removeAll(keepingCapacity: keepingCapacity)
    count = 0
  }

  public mutating func reserve(byteCount: Int) {
    storage.reserveCapacity(byteCount)
  }

  // MARK: - Appending

  /// Adds a field. The name must be lower case: HTTP/2 knows no other.
  public mutating func append(_ name: String, _ value: String) {
    var name = name
    var value = value
    name.withUTF8 { nameBytes in
      value.withUTF8 { append(name: UnsafeRawBufferPointer(nameBytes), value: UnsafeRawBufferPointer($0)) }
    }
  }

  public mutating func append(_ name: String, _ value: [UInt8]) {
    var name = name
    name.withUTF8 { nameBytes in
      value.withUnsafeBytes { append(name: UnsafeRawBufferPointer(nameBytes), value: $0) }
    }
  }

  /// Adds a field of bytes. What does not fit a length (a name of 64 KiB, a value of 4 GiB) is cut.
  public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let name = UnsafeRawBufferPointer(start: name.baseAddress, count: Swift.min(name.count, Int(UInt16.max)))
    let value = UnsafeRawBufferPointer(start: value.baseAddress, count: Swift.min(value.count, Int(UInt32.max)))
    withUnsafeTemporaryAllocation(byteCount: Self.prefixByteCount, alignment: 1) { prefix in
      guard let start = prefix.baseAddress else { return }
      start.storeBytes(of: UInt16(name.count), as: UInt16.self)
      start.storeBytes(of: UInt32(value.count), toByteOffset: 2, as: UInt32.self)
      storage.append(contentsOf: prefix)
    }
    storage.append(contentsOf: name)
    storage.append(contentsOf: value)
    count += 1
  }

  /// Writes a record where there is room for it.
  static func write(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: UInt16(truncatingIfNeeded: name.count), as: UInt16.self)
    memory.storeBytes(of: UInt32(truncatingIfNeeded: value.count), toByteOffset: 2, as: UInt32.self)
    let text = memory + prefixByteCount
    if let start = name.baseAddress { text.copyMemory(from: start, byteCount: name.count) }
    if let start = value.baseAddress { (text + name.count).copyMemory(from: start, byteCount: value.count) }
  }

  init(records: UnsafeRawBufferPointer, count: Int) {
    storage = [UInt8](records)
    self.count = count
  }

  public mutating func append(contentsOf other: HeaderFields) {
    storage.append(contentsOf: other.storage)
    count += other.count
  }

  // MARK: - Reading

  /// The value of the first field of that name, its bytes read as UTF-8.
  public subscript(name: String) -> String? {
    withValue(of: name) { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the value of the first field of that name.
  @inlinable
  public func withValue<R>(of name: String, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
    guard let place = place(of: name) else { return nil }
    return storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[place])) }
  }

  /// Where the value of the first field of that name lies. Not generic, so that callers in other modules pay no more than those in here.
  @usableFromInline
  func place(of name: String) -> Range<Int>? {
    var name = name
    return name.withUTF8 { wanted in
      storage.withUnsafeBytes { bytes -> Range<Int>? in
        var offset = 0
        while offset < bytes.count {
          let field = FieldPlace(in: bytes, at: offset)
          if isSame(UnsafeRawBufferPointer(rebasing: bytes[field.name]), UnsafeRawBufferPointer(wanted)) {
            return field.value
          }
          offset = field.value.upperBound
        }
        return nil
      }
    }
  }

  /// All values of a name, in order.
  public func values(of name: String) -> [String] {
    filter { $0.name == name }.map(\.value)
  }

  /// Visits every field; the bytes are lent for the visit only.
  public func forEachField(_ visit: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    storage.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let field = FieldPlace(in: bytes, at: offset)
        visit(UnsafeRawBufferPointer(rebasing: bytes[field.name]), UnsafeRawBufferPointer(rebasing: bytes[field.value]))
        offset = field.value.upperBound
      }
    }
  }
}

/// Where the parts of a record lie.
private struct FieldPlace {
  let name: Range<Int>
  let value: Range<Int>

  @inline(__always)
  init(in bytes: UnsafeRawBufferPointer, at offset: Int) {
    let nameLength = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    let valueLength = Int(bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt32.self))
    let start = offset + HeaderFields.prefixByteCount
    name = start..<start + nameLength
    value = name.upperBound..<name.upperBound + valueLength
  }
}

@inline(__always)
private func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
  guard one.count == other.count else { return false }
  guard let first = one.baseAddress, let second = other.baseAddress else { return true }
  return memcmp(first, second, one.count) == 0
}

extension HeaderFields: Sequence {
  public struct Iterator: IteratorProtocol {
    private let storage: [UInt8]
    private var offset = 0

    init(_ storage: [UInt8]) { self.storage = storage }

    public mutating func next() -> (name: String, value: String)? {
      guard offset < storage.count else { return nil }
      return storage.withUnsafeBytes { bytes in
        let field = FieldPlace(in: bytes, at: offset)
        offset = field.value.upperBound
        return (String(decoding: bytes[field.name], as: UTF8.self), String(decoding: bytes[field.value], as: UTF8.self))
      }
    }
  }

  public func makeIterator() -> Iterator { Iterator(storage) }
}
