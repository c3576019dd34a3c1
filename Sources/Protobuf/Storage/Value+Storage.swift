public import CProtobufC

// What generated `init(_ storage:)` methods are written with: protobuf-c's representation copied out of the arena.
extension String {
  @inline(__always)
  public init(storage: UnsafeMutablePointer<CChar>?) {
    if let storage { self.init(cString: storage) } else { self = "" }
  }
}

extension Message {
  /// `nil` for an absent message.
  public init?(storage: UnsafeMutablePointer<Storage>?) {
    guard let storage else { return nil }
    self.init(UnsafePointer(storage))
  }
}

extension Array where Element == UInt8 {
  public init(storage: ProtobufCBinaryData) {
    self.init(UnsafeBufferPointer(start: storage.data, count: storage.data == nil ? 0 : storage.len))
  }
}

extension Array {
  /// An array of `count` elements, each made from its C representation.
  public init<Stored>(
    storage: UnsafeMutablePointer<Stored>?, count: Int, _ element: (Stored) -> Element
  ) {
    guard let storage, count > 0 else {
      self = []
      return
    }
    self.init(unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer.initializeElement(at: index, to: element(storage[index])) }
      initialized = count
    }
  }
}

extension Array where Element: Message {
  public init(storage: UnsafeMutablePointer<UnsafeMutablePointer<Element.Storage>?>?, count: Int) {
    self.init(storage: storage, count: count) { Element(storage: $0) ?? Element() }
  }
}

extension Array where Element == String {
  public init(storage: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, count: Int) {
    self.init(storage: storage, count: count) { String(storage: $0) }
  }
}

extension Array where Element == [UInt8] {
  public init(storage: UnsafeMutablePointer<ProtobufCBinaryData>?, count: Int) {
    self.init(storage: storage, count: count) { [UInt8](storage: $0) }
  }
}

extension Array where Element == Bool {
  public init(storage: UnsafeMutablePointer<protobuf_c_boolean>?, count: Int) {
    self.init(storage: storage, count: count) { $0 != 0 }
  }
}

extension Array where Element: BitwiseCopyable {
  public init(storage: UnsafeMutablePointer<Element>?, count: Int) {
    self.init(UnsafeBufferPointer(start: storage, count: storage == nil ? 0 : count))
  }
}
