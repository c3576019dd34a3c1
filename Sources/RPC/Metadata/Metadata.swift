internal import HTTP2
internal import Protobuf

/// What travels beside the messages of a call: names with text values, or with bytes where the name ends in `-bin`. Ordered; a name may
/// occur several times. What belongs to the protocol is not in it.
public struct Metadata: Sendable, Hashable {
  /// As on the wire, `-bin` values in base 64. Received ones still hold the protocol's own fields, which readers do not see.
  private(set) var fields: HeaderFields

  public init() {
    fields = HeaderFields()
  }

  /// Header fields that arrived, taken as they are.
  init(received fields: HeaderFields) {
    self.fields = fields
  }

  public var isEmpty: Bool {
    var iterator = makeIterator()
    return iterator.next() == nil
  }

  /// Bytes this takes of a header list (RFC 9113 §6.5.2).
  public var byteCount: Int { fields.listSize }

  // MARK: - Reading

  /// The first value of the name; of a binary one, its base 64.
  public subscript(key: MetadataKey) -> String? { fields[key.name] }

  /// The first value of a binary name. Answers nil where there is none or it is not base 64.
  public func bytes(_ key: MetadataKey) -> [UInt8]? {
    // Several values may have been joined with commas on the way.
    fields.withValue(of: key.name) { value in Base64.decode(value.prefix { $0 != UInt8(ascii: ",") }) } ?? nil
  }

  /// Lends the first value as it was on the wire, for caches that are keyed by it.
  @inlinable
  public func withWireValue<R>(of key: MetadataKey, _ body: (RawSpan) -> R) -> R? {
    var result: R?
    visitWireValue(of: key) { result = body($0) }
    return result
  }

  // Not generic, so that callers in other modules pay no more than those in here.
  @usableFromInline
  func visitWireValue(of key: MetadataKey, _ visit: (RawSpan) -> Void) {
    _ = fields.withValue(of: key.name) { visit($0.bytes) }
  }

  /// All values of the name, in order.
  public func values(_ key: MetadataKey) -> [String] { fields.values(of: key.name) }

  // MARK: - Writing

  /// Adds a value. Text is cut down to what a header field may hold: printable ASCII without spaces around it.
  public mutating func append(_ value: String, for key: MetadataKey) {
    if key.isBinary { return append(Array(value.utf8), for: key) }
    let allowed = value.utf8.filter { $0 >= 0x20 && $0 <= 0x7e }
    let trimmed = allowed.drop { $0 == 0x20 }
    fields.append(key.name, Array(trimmed.reversed().drop { $0 == 0x20 }.reversed()))
  }

  /// Adds text that is known to be what a header field may hold: printable ASCII without spaces around it.
  public mutating func append(ascii value: [UInt8], for key: MetadataKey) {
    assert(!key.isBinary && value.allSatisfy { $0 >= 0x20 && $0 <= 0x7e })
    fields.append(key.name, value)
  }

  /// Adds bytes; the name must end in `-bin`.
  public mutating func append(_ value: [UInt8], for key: MetadataKey) {
    precondition(key.isBinary, "the name of binary metadata must end in -bin: \(key)")
    var text: [UInt8] = []
    Base64.encode(value, into: &text, padding: false)
    fields.append(key.name, text)
  }

  /// Adds a value as it was on the wire elsewhere: nothing is decoded and encoded again.
  public mutating func appendWireValue(of key: MetadataKey, from other: Metadata) {
    if let value = other.fields.withValue(of: key.name, { Array($0) }) { fields.append(key.name, value) }
  }

  /// Adds what `other` holds, but what belongs to the protocol.
  public mutating func append(contentsOf other: Metadata) {
    for (name, value) in other { fields.append(name, value) }
  }
}

extension Metadata: Sequence {
  public struct Iterator: IteratorProtocol {
    private var fields: HeaderFields.Iterator

    init(_ fields: HeaderFields.Iterator) { self.fields = fields }

    public mutating func next() -> (name: String, value: String)? {
      while let field = fields.next() {
        if !MetadataKey.isReserved(field.name) { return field }
      }
      return nil
    }
  }

  public func makeIterator() -> Iterator { Iterator(fields.makeIterator()) }
}

extension Metadata: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (MetadataKey, String)...) {
    self.init()
    for (key, value) in elements { append(value, for: key) }
  }
}
