/// A dictionary whose keys are text that came over the wire: two keys are the same only when their bytes are.
///
/// What a `map<string, …>` field and the members of a `Struct` are.
public struct TextMap<Value>: Sequence, ExpressibleByDictionaryLiteral {
  public typealias Element = (key: String, value: Value)

  private var entries: [TextKey: Value]

  public init() { entries = [:] }

  public init(minimumCapacity: Int) { entries = Dictionary(minimumCapacity: minimumCapacity) }

  /// The last of several values of a key stays, as the protobuf specification says of maps.
  public init(_ pairs: some Sequence<Element>) {
    self.init(minimumCapacity: pairs.underestimatedCount)
    for pair in pairs { entries[TextKey(pair.key)] = pair.value }
  }

  public init(dictionaryLiteral elements: (String, Value)...) {
    self.init(elements.lazy.map { (key: $0, value: $1) })
  }

  public var count: Int { entries.count }
  public var isEmpty: Bool { entries.isEmpty }

  public subscript(key: String) -> Value? {
    get { entries[TextKey(key)] }
    set { entries[TextKey(key)] = newValue }
  }

  /// Sets the value of a key and answers the one it had.
  @discardableResult
  public mutating func updateValue(_ value: Value, forKey key: String) -> Value? {
    entries.updateValue(value, forKey: TextKey(key))
  }

  /// In the order of the keys' bytes.
  public func sorted() -> [Element] {
    entries.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: $0.value) }
  }

  public func makeIterator() -> Iterator { Iterator(base: entries.makeIterator()) }

  public struct Iterator: IteratorProtocol {
    fileprivate var base: Dictionary<TextKey, Value>.Iterator

    public mutating func next() -> Element? { base.next().map { (key: $0.key.text, value: $0.value) } }
  }
}

extension TextMap: Equatable where Value: Equatable {}
extension TextMap: Hashable where Value: Hashable {}
extension TextMap: Sendable where Value: Sendable {}
