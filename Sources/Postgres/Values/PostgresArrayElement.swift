/// A type that PostgreSQL has a one-dimensional array of, as far as we use them.
public protocol PostgresArrayElement: PostgresEncodable, PostgresDecodable {
  /// `pg_type.oid` of the element and of its array.
  static var arrayTypes: (element: UInt32, array: UInt32) { get }
}

extension UUID: PostgresArrayElement {
  public static var arrayTypes: (element: UInt32, array: UInt32) { (TypeIdentifier.uuid, TypeIdentifier.uuidArray) }
}

extension String: PostgresArrayElement {
  public static var arrayTypes: (element: UInt32, array: UInt32) { (TypeIdentifier.text, TypeIdentifier.textArray) }
}

extension Int64: PostgresArrayElement {
  public static var arrayTypes: (element: UInt32, array: UInt32) { (TypeIdentifier.int8, TypeIdentifier.int8Array) }
}

extension Int32: PostgresArrayElement {
  public static var arrayTypes: (element: UInt32, array: UInt32) { (TypeIdentifier.int4, TypeIdentifier.int4Array) }
}

extension PostgresArray: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    var each = ParameterBuffer()
    for element in elements { element.encode(into: &each) }
    if each.refusal != nil {
      return parameters.refuse(type: Element.arrayTypes.array, "an element cannot be sent")
    }
    parameters.append(type: Element.arrayTypes.array) { bytes in
      // array_send's form: dimensions, has nulls, element type, then for each dimension its length and lower bound.
      bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
      bytes.appendBigEndian(Int32(0))
      bytes.appendBigEndian(Element.arrayTypes.element)
      guard !elements.isEmpty else { return }
      bytes.appendBigEndian(Int32(elements.count))
      bytes.appendBigEndian(Int32(1))
      for slot in each.slots {
        guard let offset = slot.offset else { continue }
        bytes.appendBigEndian(Int32(slot.count))
        bytes.append(contentsOf: each.bytes[offset..<offset + slot.count])
      }
    }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: Element.arrayTypes.array)
  }
}

extension PostgresArray: PostgresDecodable {
  public static var typeName: String { "array of \(Element.typeName)" }

  public static func accepts(type: UInt32) -> Bool {
    type == Element.arrayTypes.array
  }

  public init?(field: UnsafeRawBufferPointer, type: UInt32) {
    guard let header = ArrayHeader(field), Element.accepts(type: header.elementType) else { return nil }
    var position = ArrayHeader.byteCount(dimensions: header.dimensions)
    var elements: [Element] = []
    elements.reserveCapacity(header.count)
    for _ in 0..<header.count {
      guard let length = field.bigEndian(Int32.self, at: position), length >= 0 else { return nil }
      position += 4
      guard position + Int(length) <= field.count else { return nil }
      let bytes = UnsafeRawBufferPointer(rebasing: field[position..<position + Int(length)])
      guard let element = Element(field: bytes, type: header.elementType) else { return nil }
      elements.append(element)
      position += Int(length)
    }
    self.init(elements)
  }
}

/// The beginning of an array's binary form; arrays of more than one dimension or with nulls are none of ours.
private struct ArrayHeader {
  let dimensions: Int
  let elementType: UInt32
  let count: Int

  init?(_ field: UnsafeRawBufferPointer) {
    guard let dimensions = field.bigEndian(Int32.self, at: 0), let elementType = field.bigEndian(UInt32.self, at: 8),
      dimensions == 0 || dimensions == 1
    else { return nil }
    self.dimensions = Int(dimensions)
    self.elementType = elementType
    guard dimensions == 1 else {
      count = 0
      return
    }
    guard let count = field.bigEndian(Int32.self, at: 12), count >= 0, Int(count) <= field.count / 4 else { return nil }
    self.count = Int(count)
  }

  static func byteCount(dimensions: Int) -> Int { 12 + 8 * dimensions }
}
