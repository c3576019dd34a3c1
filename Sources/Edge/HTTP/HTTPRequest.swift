/// A part of a request head's bytes.
struct ByteRange: Sendable, Hashable {
  var start: UInt32 = 0
  var end: UInt32 = 0

  var indices: Range<Int> { Int(start)..<Int(end) }
  var count: Int { Int(end) - Int(start) }
  var isEmpty: Bool { start == end }
}

/// One header field, as the places of its name (lower-case) and value in the head's bytes.
struct HTTPField: Sendable, Hashable {
  var name: ByteRange
  var value: ByteRange
}

/// The head of a request, the same whether it came by HTTP/1.1 or HTTP/2.
///
/// One array holds every byte and the rest are places in it: a head costs two allocations however many fields it has.
struct HTTPRequestHead: Sendable {
  var method: HTTPMethod = .get
  var bytes: [UInt8] = []
  var methodName = ByteRange()
  var path = ByteRange()
  /// The part after `?`; `nil` when there is no `?`.
  var query: ByteRange?
  var fields: [HTTPField] = []
  /// The names are lower-case ASCII, so a look-up compares bytes.
  func field(_ name: StaticString) -> HTTPField? {
    fields.first { matches($0.name, name) }
  }

  /// The value of the only field of that name; `nil` when there is none.
  func value(_ name: StaticString) -> ArraySlice<UInt8>? {
    field(name).map { bytes[$0.value.indices] }
  }

  func text(_ range: ByteRange) -> String {
    String(decoding: bytes[range.indices], as: UTF8.self)
  }

  func text(_ name: StaticString) -> String? {
    field(name).map { text($0.value) }
  }

  @inline(__always)
  func matches(_ range: ByteRange, _ name: StaticString) -> Bool {
    range.count == name.utf8CodeUnitCount
      && name.withUTF8Buffer { expected in
        bytes.withUnsafeBufferPointer { bytes in
          for index in 0..<expected.count where bytes[Int(range.start) + index] != expected[index] { return false }
          return true
        }
      }
  }
}

/// A whole request.
struct HTTPRequest: Sendable {
  var head: HTTPRequestHead
  var body: [UInt8] = []
}
