internal import Glibc

/// Text that equals other text only when the bytes do.
///
/// Swift compares `String` by canonical equivalence: `é` as one scalar or as two is one key of a dictionary, and U+212A (the Kelvin
/// sign) is `K`. On the wire these are different names.
public struct TextKey: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }

  public init(stringLiteral text: String) { self.text = text }

  public var description: String { text }

  public static func == (left: TextKey, right: TextKey) -> Bool { left.text.hasSameBytes(as: right.text) }

  /// In the order of the bytes, which for UTF-8 is that of the scalars.
  public static func < (left: TextKey, right: TextKey) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Whether both are the same UTF-8, which `==` does not tell.
  public func hasSameBytes(as other: String) -> Bool {
    let answer: Bool?? = utf8.withContiguousStorageIfAvailable { left in
      other.utf8.withContiguousStorageIfAvailable { right in
        guard left.count == right.count, let start = left.baseAddress, let other = right.baseAddress else {
          return left.count == right.count
        }
        return memcmp(start, other, left.count) == 0
      }
    }
    return (answer ?? nil) ?? utf8.elementsEqual(other.utf8)
  }
}
