public import CProtobufC

/// The C descriptor that protoc-c made for a message.
// @unchecked Sendable: it points to constant data of the program.
public struct MessageDescriptor: @unchecked Sendable {
  public let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  public init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) {
    self.pointer = pointer
  }

  /// The descriptor that a message's generated `…__init` function writes: Swift can take no stable address of an imported C constant.
  public static func of<Storage>(_ initialize: (UnsafeMutablePointer<Storage>?) -> Void) -> MessageDescriptor {
    let storage = UnsafeMutablePointer<Storage>.allocate(capacity: 1)
    defer { storage.deallocate() }
    initialize(storage)
    let base = UnsafeMutableRawPointer(storage).assumingMemoryBound(to: ProtobufCMessage.self)
    return MessageDescriptor(base.pointee.descriptor)
  }
}

/// What a message is made of: its C descriptor, and what that one cannot tell (JSON names, our own options).
public final class MessageSchema: Sendable {
  /// Fully qualified, without a leading dot: `cloudbill.billing.v1.Subscription`.
  public let name: String
  public let descriptor: MessageDescriptor
  /// In the order of field numbers, which is that of the C descriptor.
  public let fields: [FieldSchema]
  /// Positions in `fields` by JSON name and by original name.
  private let positions: [TextKey: Int]
  let wellKnown: WellKnownType?

  public init(name: String, descriptor: MessageDescriptor, fields: [FieldSchema] = []) {
    self.name = name
    self.descriptor = descriptor
    self.fields = fields
    var positions: [TextKey: Int] = [:]
    for (index, field) in fields.enumerated() {
      positions[TextKey(field.name)] = index
      positions[TextKey(field.jsonName)] = index
    }
    self.positions = positions
    wellKnown = WellKnownType(name: name)
  }

  /// The field with this original or JSON name.
  public func field(named name: String) -> FieldSchema? {
    position(of: name).map { fields[$0] }
  }

  /// The place in `fields` of the field with this original or JSON name.
  func position(of name: String) -> Int? { positions[TextKey(name)] }
}

/// One field, as JSON sees it. A class, since it is looked at far more often than made.
public final class FieldSchema: Sendable {
  /// The type behind the field, where the C descriptor alone does not lead to a schema.
  public enum Kind: Sendable {
    case scalar
    case enumeration(@Sendable () -> EnumSchema)
    case message(@Sendable () -> MessageSchema)
    /// A map; the schema is that of its entries, with the fields `key` and `value`.
    case map(@Sendable () -> MessageSchema)
  }

  /// How a number is written in JSON.
  public enum Format: Hashable, Sendable {
    case plain
    /// Minor units of the currency that the named sibling field holds, written as a JSON number of major units.
    case money(currencyField: String)
    /// Units of 10^-scale, written as a JSON number with that many decimals.
    case decimal(scale: Int)
  }

  public let name: String
  public let jsonName: String
  public let type: Kind
  public let format: Format
  /// The oneof the field belongs to.
  public let oneof: String?
  /// The JSON name as JSON text, with the colon.
  let jsonKey: [UInt8]

  public init(
    name: String, jsonName: String, type: Kind = .scalar, format: Format = .plain, oneof: String? = nil
  ) {
    self.name = name
    self.jsonName = jsonName
    self.type = type
    self.format = format
    self.oneof = oneof
    var key: [UInt8] = []
    JSONText.append(jsonName, to: &key)
    key.append(UInt8(ascii: ":"))
    jsonKey = key
  }
}

/// The values of an enumeration.
public final class EnumSchema: Sendable {
  public let name: String
  public let values: [EnumValueSchema]
  private let byNumber: [Int32: Int]
  private let bySpelling: [TextKey: Int32]
  /// Whether the values are numbered 0, 1, 2, … in this order, so that a number is a position.
  private let isDense: Bool
  /// Each value as JSON text: by its original name, and by its own spelling where it has one.
  private let texts: [(name: [UInt8], json: [UInt8])]
  /// Whether the value 0 has a spelling of its own.
  let spellsDefault: Bool
  /// Whether this is `google.protobuf.NullValue`, which JSON writes as `null`.
  let isNullValue: Bool

  public init(name: String, values: [EnumValueSchema]) {
    self.name = name
    self.values = values
    isNullValue = name == "google.protobuf.NullValue"
    isDense = values.enumerated().allSatisfy { $0.offset == Int($0.element.number) }
    texts = values.map { value in
      var texts: (name: [UInt8], json: [UInt8]) = ([], [])
      JSONText.append(value.name, to: &texts.name)
      JSONText.append(value.json ?? value.name, to: &texts.json)
      return texts
    }
    spellsDefault = values.first { $0.number == 0 }?.json != nil
    byNumber = Dictionary(
      values.enumerated().map { ($0.element.number, $0.offset) }, uniquingKeysWith: { first, _ in first })
    var spellings: [TextKey: Int32] = [:]
    for value in values {
      spellings[TextKey(value.name)] = value.number
      if let json = value.json { spellings[TextKey(json)] = value.number }
    }
    bySpelling = spellings
  }

  /// Writes a value as JSON text. Answers false, writing nothing, for a number that has no name.
  func append(_ number: Int32, ownSpelling: Bool, to output: inout [UInt8]) -> Bool {
    let position = isDense ? (number >= 0 && Int(number) < texts.count ? Int(number) : nil) : byNumber[number]
    guard let position else { return false }
    output.append(contentsOf: ownSpelling ? texts[position].json : texts[position].name)
    return true
  }

  /// The number of a value by its original name or its JSON spelling.
  public func number(spelled text: String) -> Int32? {
    bySpelling[TextKey(text)]
  }
}

public struct EnumValueSchema: Sendable {
  public let name: String
  public let number: Int32
  /// The spelling our own option gives it in JSON, if any.
  public let json: String?

  public init(name: String, number: Int32, json: String? = nil) {
    self.name = name
    self.number = number
    self.json = json
  }
}
