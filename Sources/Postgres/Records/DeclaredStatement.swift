/// A statement of the program, declared once with the record that it takes and the one that its rows are. Keep it in a `static let`, and in the
/// list of its service's statements, so that a test can check it against the database (`StatementCheck`).
///
///     static let find = DeclaredStatement<PlanKey, PlanRow>(
///       "SELECT {columns} FROM billing.plans WHERE id = :id")
///     static let insert = DeclaredStatement<PlanRow, NoFields>(
///       "INSERT INTO billing.plans ({names}) VALUES ({values})")
///     static let update = DeclaredStatement<PlanRow, NoFields>(
///       "UPDATE billing.plans SET {changes} WHERE id = :id")
///
/// `:name` is the field of the input with that name. `{columns}` are the fields of the output, with commas; `{names}` and `{values}` are the
/// inserted fields of the input; `{changes}` sets its updated ones. Without an `{…}` of its own a statement may name its columns as it
/// likes, as long as they are the output's fields in their order: `SELECT count(*) AS total`.
public final class DeclaredStatement<Input: Record, Output: Record>: Sendable {
  /// What the server is sent.
  public let text: String
  private let sql: SQL
  /// For each field of the input: whether the statement names it.
  @usableFromInline let isUsed: [Bool]

  /// A name that is no field, or a word in braces that is none of those above, stops the program: the text is a constant of it.
  /// - Parameter pieces: of the text, one after the other. Only literals fit: SQL is never built from data.
  public init(_ pieces: StaticString...) {
    let text = pieces.map(\.description).joined()
    let template = StatementTemplate(text, input: Input.fieldDescriptions, output: Output.fieldDescriptions)
    precondition(template.unknown.isEmpty, "no such field: \(template.unknown.joined(separator: ", ")) in: \(text)")
    self.text = template.text
    sql = SQL(made: template.text)
    isUsed = template.isUsed
  }

  /// The statement with its parameters, ready to be sent.
  @inlinable
  public func callAsFunction(_ input: Input) -> Statement {
    var input = input
    var writer = ParameterWriter(isUsed: isUsed)
    // A writer throws nothing; what cannot be sent is refused with the statement.
    try? input.fields(&writer)
    return statement(writer.parameters)
  }

  @usableFromInline
  func statement(_ parameters: ParameterBuffer) -> Statement { Statement(sql, parameters) }
}

extension DeclaredStatement where Input == NoFields {
  /// The statement, ready to be sent.
  public func callAsFunction() -> Statement { statement(ParameterBuffer()) }
}

/// A declared statement of any kind, for lists of them.
public protocol AnyDeclaredStatement: Sendable {
  var description: StatementDescription { get }
}

/// What a statement sends and expects, for `StatementCheck`.
public struct StatementDescription: Sendable {
  public let text: String
  let parameters: [FieldDescription]
  let columns: [FieldDescription]
}

extension DeclaredStatement: AnyDeclaredStatement {
  public var description: StatementDescription {
    StatementDescription(
      text: text, parameters: zip(Input.fieldDescriptions, isUsed).filter(\.1).map(\.0),
      columns: Output.fieldDescriptions)
  }
}

/// Puts the fields into a statement's text. Pure.
struct StatementTemplate {
  private(set) var text = ""
  private(set) var isUsed: [Bool]
  /// Names in the text that are no fields.
  private(set) var unknown: [String] = []

  private let input: [FieldDescription]
  private let output: [FieldDescription]

  init(_ template: String, input: [FieldDescription], output: [FieldDescription]) {
    self.input = input
    self.output = output
    isUsed = input.map { _ in false }
    let parts = Self.parts(of: template)
    for part in parts { markUsed(part) }
    for part in parts { text += expanded(part) }
  }

  private enum Part {
    case text(Substring)
    case field(Substring)
    case list(Substring)
  }

  /// Quoted text and casts (`::`) are left alone.
  private static func parts(of template: String) -> [Part] {
    var parts: [Part] = []
    var rest = template[...]
    var plain = rest.startIndex
    func isName(_ character: Character) -> Bool { character == "_" || character.isASCII && character.isLetter }
    while let character = rest.first {
      let start = rest.startIndex
      rest.removeFirst()
      if character == "'" || character == "\"" {
        if let end = rest.firstIndex(of: character) {
          rest = rest[rest.index(after: end)...]
        } else {
          rest = rest.suffix(0)
        }
      } else if character == ":", rest.first == ":" {
        rest.removeFirst()
      } else if character == ":", let first = rest.first, isName(first) {
        parts.append(.text(template[plain..<start]))
        let name = rest.prefix { isName($0) || $0.isASCII && $0.isNumber }
        parts.append(.field(name))
        rest = rest[name.endIndex...]
        plain = rest.startIndex
      } else if character == "{", let end = rest.firstIndex(of: "}") {
        parts.append(.text(template[plain..<start]))
        parts.append(.list(rest[..<end]))
        rest = rest[rest.index(after: end)...]
        plain = rest.startIndex
      }
    }
    parts.append(.text(template[plain...]))
    return parts
  }

  private mutating func markUsed(_ part: Part) {
    switch part {
    case .text: break
    case .field(let name):
      if let index = input.firstIndex(where: { $0.name == name }) {
        isUsed[index] = true
      } else {
        unknown.append(String(name))
      }
    case .list("columns"), .list("names"): break
    case .list("values"): for index in input.indices where input[index].isInserted { isUsed[index] = true }
    case .list("changes"): for index in input.indices where input[index].use == .written { isUsed[index] = true }
    case .list(let name): unknown.append("{\(name)}")
    }
  }

  private func expanded(_ part: Part) -> String {
    switch part {
    case .text(let text): String(text)
    case .field(let name): input.firstIndex { $0.name == name }.map(parameter) ?? ":\(name)"
    case .list("columns"): output.map(\.name).joined(separator: ", ")
    case .list("names"): input.filter(\.isInserted).map(\.name).joined(separator: ", ")
    case .list("values"): input.indices.filter { input[$0].isInserted }.map(parameter).joined(separator: ", ")
    case .list("changes"): input.indices.compactMap(change).joined(separator: ", ")
    case .list(let name): "{\(name)}"
    }
  }

  private func change(_ index: Int) -> String? {
    switch input[index].use {
    case .written: "\(input[index].name) = \(parameter(index))"
    case .counter: "\(input[index].name) = \(input[index].name) + 1"
    case .fixed, .generated: nil
    }
  }

  /// Fields that are not used are not sent, so they have no number.
  private func parameter(_ index: Int) -> String { "$\(isUsed[...index].count { $0 })" }
}

extension FieldDescription {
  fileprivate var isInserted: Bool { use == .written || use == .fixed }
}
