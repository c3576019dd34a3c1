/// Writes a message as a Swift value that moves itself from and to the struct of protobuf-c.
struct SwiftMessageRenderer {
  let names: SwiftNames
  let table: TypeTable
  let access: String
  let rules: RuleTable

  func render(_ message: MessageModel, into text: inout SourceText) {
    let type = SwiftNames.typeName(message.name)
    text.comment(message.comment.isEmpty && message.isMapEntry ? "One entry of a map." : message.comment)
    text.block("\(access) struct \(type): \(library("Message", message)) {") { text in
      text.line("\(access) typealias Storage = \(CNames.type(message.fullName))")
      text.line()
      let members = Members(message: message, table: table, names: names)
      properties(members, into: &text)
      initializers(members, into: &text)
      decoding(members, into: &text)
      encoding(members, into: &text)
      if !message.isMapEntry {
        SwiftCheckRenderer(names: names, table: table, access: access, rules: rules).render(members, into: &text)
      }
      schema(members, into: &text)
      for (index, oneof) in message.oneofs.enumerated() where !message.isSynthetic(index) {
        text.line()
        render(oneof, index: index, members, into: &text)
      }
      for entry in message.enums {
        text.line()
        SwiftEnumRenderer(names: names, access: access).render(entry, into: &text)
      }
      for nested in message.messages {
        text.line()
        render(nested, into: &text)
      }
    }
  }

  private func library(_ name: String, _ message: MessageModel) -> String {
    names.library(name, "Protobuf", in: message.package)
  }

  // MARK: Properties

  private func properties(_ members: Members, into text: inout SourceText) {
    for member in members.list {
      switch member {
      case .field(let field):
        text.comment(field.field.comment)
        let box = table.isRecursive(field.field, in: members.message) ? "@Indirect " : ""
        if field.field.isDeprecated { text.comment("- Note: The schema calls it deprecated.") }
        text.line("\(box)\(access) var \(field.property): \(field.type) = \(field.defaultValue)")
      case .oneof(let oneof, _):
        text.comment(oneof.comment)
        text.line("\(access) var \(SwiftNames.property(oneof.name)): \(SwiftNames.oneofType(oneof))?")
      }
    }
    if !members.list.isEmpty { text.line() }
  }

  private func initializers(_ members: Members, into text: inout SourceText) {
    text.line("\(access) init() {}")
    guard !members.list.isEmpty else { return }
    text.line()
    let parameters = members.list.map { member in
      switch member {
      case .field(let field): "\(field.property): \(field.type) = \(field.defaultValue)"
      case .oneof(let oneof, _): "\(SwiftNames.property(oneof.name)): \(SwiftNames.oneofType(oneof))? = nil"
      }
    }
    text.list("\(access) init(", parameters, ") {")
    text.body { text in
      for member in members.list { text.line("self.\(member.property) = \(member.property)") }
    }
  }

  // MARK: From and to C

  private func decoding(_ members: Members, into text: inout SourceText) {
    let pointer = names.library("UnsafePointer", "Swift", in: members.message.package)
    text.line()
    let opening = "\(access) init(_ storage: \(pointer)<Storage>) {"
    guard !members.list.isEmpty else {
      text.line(opening + "}")
      return
    }
    text.block(opening) { text in
      for member in members.list {
        switch member {
        case .field(let field): text.code("self.\(field.property) = \(field.decoded)")
        case .oneof(let oneof, let fields):
          text.line("switch storage.pointee.\(oneof.name.lowercased())_case.rawValue {")
          for field in fields {
            let value = field.isMessage ? "\(field.decodedElement) ?? \(field.elementType)()" : field.decodedElement
            text.block("case \(field.field.number):", closing: nil) { text in
              text.code("self.\(member.property) = .\(field.property)(\(value))")
            }
          }
          text.line("default: self.\(member.property) = nil")
          text.line("}")
        }
      }
    }
  }

  private func encoding(_ members: Members, into text: inout SourceText) {
    let pointer = names.library("UnsafeMutablePointer", "Swift", in: members.message.package)
    text.line()
    let opening =
      "\(access) func store(into storage: \(pointer)<Storage>, arena: \(library("Arena", members.message))) {"
    guard !members.list.isEmpty else {
      text.line(opening + "}")
      return
    }
    text.block(opening) { text in
      for member in members.list {
        switch member {
        case .field(let field): text.code(field.stored)
        case .oneof(let oneof, let fields):
          text.line("switch self.\(member.property) {")
          for field in fields {
            text.block("case .\(field.property)(let value):", closing: nil) { text in
              text.line("storage.pointee.\(oneof.name.lowercased())_case = .init(rawValue: \(field.field.number))")
              text.line(field.storedElement("value"))
            }
          }
          text.line("case nil: break")
          text.line("}")
        }
      }
    }
  }

  // MARK: Schema and oneofs

  private func schema(_ members: Members, into text: inout SourceText) {
    let message = members.message
    let fields = message.fields.sorted { $0.number < $1.number }.map { members.swift($0).schema }
    text.line()
    text.block(
      "\(access) static let schema: \(library("MessageSchema", message)) = \(library("MessageSchema", message))(",
      closing: nil
    ) { text in
      text.line("name: \"\(message.fullName)\",")
      text.line("descriptor: .of(\(CNames.function(message.fullName))__init),")
      guard !fields.isEmpty else {
        text.line("fields: [])")
        return
      }
      text.block("fields: [", closing: "])") { text in
        text.entries(fields)
      }
    }
  }

  private func render(_ oneof: OneofModel, index: Int, _ members: Members, into text: inout SourceText) {
    let fields = members.message.fields.filter { $0.oneof == index }.map(members.swift)
    let indirect = fields.contains { table.isRecursive($0.field, in: members.message) } ? "indirect " : ""
    let hashable = names.library("Hashable", "Swift", in: members.message.package)
    let sendable = names.library("Sendable", "Swift", in: members.message.package)
    text.comment(oneof.comment)
    text.block("\(access) \(indirect)enum \(SwiftNames.oneofType(oneof)): \(hashable), \(sendable) {") { text in
      for field in fields {
        text.comment(field.field.comment)
        text.line("case \(field.property)(\(field.elementType))")
      }
    }
  }
}

/// The stored properties of a message: its fields, with each oneof once, where its first field stands.
struct Members {
  enum Member {
    case field(SwiftField)
    case oneof(OneofModel, [SwiftField])

    var property: String {
      switch self {
      case .field(let field): field.property
      case .oneof(let oneof, _): SwiftNames.property(oneof.name)
      }
    }
  }

  let message: MessageModel
  let table: TypeTable
  let names: SwiftNames

  func swift(_ field: FieldModel) -> SwiftField {
    SwiftField(field: field, message: message, table: table, names: names)
  }

  var list: [Member] {
    var seen: Set<Int> = []
    return message.fields.compactMap { field in
      guard let index = field.oneof, !field.isProto3Optional else { return .field(swift(field)) }
      guard seen.insert(index).inserted else { return nil }
      return .oneof(message.oneofs[index], message.fields.filter { $0.oneof == index }.map(swift))
    }
  }
}
