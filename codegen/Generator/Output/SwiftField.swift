/// What one field looks like in Swift: its type and the statements that move it from and to the C struct.
struct SwiftField {
  let field: FieldModel
  let message: MessageModel
  let table: TypeTable
  let names: SwiftNames

  private var package: String { message.package }

  /// The name of the property.
  var property: String { SwiftNames.property(field) }

  /// The member of the C struct.
  private var member: String { "storage.pointee.\(Self.escapedMember(CNames.member(field.name)))" }

  /// The member that counts a repeated field.
  private var count: String { "storage.pointee.\(CNames.count(field.name))" }

  /// A member of a C struct may be called by a word that Swift keeps for itself.
  static func escapedMember(_ name: String) -> String { ["self", "init", "Type"].contains(name) ? "`\(name)`" : name }

  /// A map with text for keys: its bytes decide.
  private var textMap: String { names.library("TextMap", "Protobuf", in: package) }

  private func swift(_ name: String) -> String { names.library(name, "Swift", in: package) }

  // MARK: Types

  /// The type of one value, without what repeated, map or presence make of it.
  var elementType: String {
    switch field.type {
    case .double: swift("Double")
    case .float: swift("Float")
    case .int64: swift("Int64")
    case .uint64: swift("UInt64")
    case .int32: swift("Int32")
    case .uint32: swift("UInt32")
    case .bool: swift("Bool")
    case .string: swift("String")
    case .bytes: "[\(swift("UInt8"))]"
    case .message(let name), .enumeration(let name): names.type(name, from: package)
    case .group: "Never"
    }
  }

  /// The key and value of a map field.
  var mapTypes: (key: SwiftField, value: SwiftField, entry: MessageModel, isText: Bool)? {
    guard let entry = table.mapEntry(field), entry.fields.count == 2 else { return nil }
    return (
      SwiftField(field: entry.fields[0], message: message, table: table, names: names),
      SwiftField(field: entry.fields[1], message: message, table: table, names: names), entry,
      entry.fields[0].type == .string
    )
  }

  /// Whether a value is a message.
  var isMessage: Bool {
    if case .message = field.type { return true }
    return false
  }

  /// The type of the property.
  var type: String {
    if let map = mapTypes {
      return map.isText ? "\(textMap)<\(map.value.elementType)>" : "[\(map.key.elementType): \(map.value.elementType)]"
    }
    if field.isRepeated { return "[\(elementType)]" }
    return isMessage || field.isProto3Optional ? elementType + "?" : elementType
  }

  /// The value of a field that nobody set.
  var defaultValue: String {
    if mapTypes != nil { return "[:]" }
    if field.isProto3Optional { return "nil" }
    if field.isRepeated || field.type == .bytes { return "[]" }
    switch field.type {
    case .string: return "\"\""
    case .bool: return "false"
    case .message: return "nil"
    case .enumeration(let name):
      guard let entry = table.enums[name], !entry.values.isEmpty else { return elementType + "()" }
      return "." + SwiftNames.cases(entry)[0]
    default: return "0"
    }
  }

  // MARK: From C

  /// The expression that reads the property out of `storage`.
  var decoded: String {
    if let map = mapTypes {
      let entry = names.type(map.entry.fullName, from: package)
      let value = map.value.isMessage ? "$0.value ?? \(map.value.elementType)()" : "$0.value"
      if map.isText {
        return
          "\(textMap)(\n  [\(entry)](storage: \(member), count: \(count)).lazy.map { (key: $0.key, value: \(value)) })"
      }
      return "\(swift("Dictionary"))(\n"
        + "  [\(entry)](storage: \(member), count: \(count))\n    .map { ($0.key, \(value)) },\n"
        + "  uniquingKeysWith: { _, last in last })"
    }
    if field.isRepeated {
      if case .enumeration = field.type {
        return
          "(0..<\(count)).map {\n  \(elementType)(rawValue: \(swift("Int32"))(truncatingIfNeeded: \(member)[$0].rawValue))\n}"
      }
      return "[\(elementType)](storage: \(member), count: \(count))"
    }
    return presence.map { "\($0).rawValue == \(field.number)\n  ? \(decodedElement) : nil" } ?? decodedElement
  }

  /// The C member that tells whether an `optional` field is there: `protoc` makes it the only member of a oneof.
  private var presence: String? {
    guard field.isProto3Optional, let oneof = field.oneof else { return nil }
    return "storage.pointee.\(message.oneofs[oneof].name.lowercased())_case"
  }

  /// The expression that reads one value.
  var decodedElement: String {
    switch field.type {
    case .string, .bytes, .message: "\(elementType)(storage: \(member))"
    case .bool: "\(member) != 0"
    case .enumeration: "\(elementType)(rawValue: \(swift("Int32"))(truncatingIfNeeded: \(member).rawValue))"
    default: member
    }
  }

  // MARK: To C

  /// The statements that write the property into `storage`.
  var stored: String {
    if let map = mapTypes {
      let entry = names.type(map.entry.fullName, from: package)
      if map.isText {
        return "(\(member), \(count)) = arena.store(\n"
          + "  self.\(property).sorted().map { \(entry)(key: $0.key, value: $0.value) })"
      }
      let order = map.key.field.type == .bool ? "!$0.key && $1.key" : "$0.key < $1.key"
      return "(\(member), \(count)) = arena.store(\n"
        + "  self.\(property).sorted { \(order) }\n    .map { \(entry)(key: $0.key, value: $0.value) })"
    }
    if let presence {
      return "if let value = self.\(property) {\n  \(presence) = .init(rawValue: \(field.number))\n"
        + "  \(storedElement("value"))\n}"
    }
    guard field.isRepeated else { return storedElement("self.\(property)") }
    if case .enumeration(let name) = field.type {
      return "(\(member), \(count)) = arena.store(\n"
        + "  self.\(property).map { \(CNames.type(name))(rawValue: .init(truncatingIfNeeded: $0.rawValue)) })"
    }
    return "(\(member), \(count)) = arena.store(self.\(property))"
  }

  /// The statement that writes one value.
  func storedElement(_ value: String) -> String {
    switch field.type {
    case .string, .bytes, .message: "\(member) = arena.store(\(value))"
    case .bool: "\(member) = \(value) ? 1 : 0"
    case .enumeration: "\(member) = .init(rawValue: .init(truncatingIfNeeded: \(value).rawValue))"
    default: "\(member) = \(value)"
    }
  }

  // MARK: Schema

  /// The `FieldSchema` of the field: what the C descriptor cannot tell.
  var schema: String {
    var parts = ["name: \"\(field.name)\"", "jsonName: \"\(field.jsonName)\""]
    switch field.type {
    case .message:
      let kind = mapTypes == nil ? "message" : "map"
      let type = mapTypes.map { names.type($0.entry.fullName, from: package) } ?? elementType
      parts.append("type: .\(kind) { \(type).schema }")
    case .enumeration: parts.append("type: .enumeration { \(elementType).schema }")
    default: break
    }
    switch field.format {
    case .plain: break
    case .money(let currency): parts.append("format: .money(currencyField: \"\(currency)\")")
    case .decimal(let scale): parts.append("format: .decimal(scale: \(scale))")
    }
    if let oneof = field.oneof { parts.append("oneof: \"\(message.oneofs[oneof].name)\"") }
    return "\(names.library("FieldSchema", "Protobuf", in: package))(\(parts.joined(separator: ", ")))"
  }
}
