import Foundation

/// A JSON value as the tests look at it: a wrong path gives null, so that an expectation says what is missing.
indirect enum JSON: Equatable, CustomStringConvertible {
  case null
  case bool(Bool)
  /// As it was written: `99.00` is not `99`.
  case number(String)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  init(_ text: String) throws {
    var parser = Parser(bytes: Array(text.utf8))
    self = try parser.value()
    guard parser.isAtEnd else { throw Malformed(text: text) }
  }

  struct Malformed: Error {
    let text: String
  }

  subscript(_ key: String) -> JSON {
    if case .object(let members) = self { members[key] ?? .null } else { .null }
  }

  subscript(_ index: Int) -> JSON {
    if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { .null }
  }

  var text: String? { if case .string(let text) = self { text } else { nil } }
  var integer: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
  var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }
  var keys: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }

  var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let digits): digits
    case .string(let text): "\"\(text)\""
    case .array(let elements): "[" + elements.map(\.description).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }
  }

  /// Keeps the digits of numbers, which Foundation's parser does not.
  private struct Parser {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { mutating get { skipSpace(); return position == bytes.count } }

    private mutating func skipSpace() {
      while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
    }

    private func malformed() -> Malformed { Malformed(text: String(decoding: bytes, as: UTF8.self)) }

    private mutating func take(_ character: Character) -> Bool {
      skipSpace()
      guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
      position += 1
      return true
    }

    mutating func value() throws -> JSON {
      skipSpace()
      guard position < bytes.count else { throw malformed() }
      switch bytes[position] {
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "["): return try array()
      case UInt8(ascii: "\""): return .string(try string())
      default: return try literal()
      }
    }

    private mutating func object() throws -> JSON {
      var members: [String: JSON] = [:]
      _ = take("{")
      if take("}") { return .object(members) }
      repeat {
        skipSpace()
        let key = try string()
        guard take(":"), members.updateValue(try value(), forKey: key) == nil else { throw malformed() }
      } while take(",")
      guard take("}") else { throw malformed() }
      return .object(members)
    }

    private mutating func array() throws -> JSON {
      var elements: [JSON] = []
      _ = take("[")
      if take("]") { return .array(elements) }
      repeat { elements.append(try value()) } while take(",")
      guard take("]") else { throw malformed() }
      return .array(elements)
    }

    private mutating func string() throws -> String {
      let start = position
      guard take("\"") else { throw malformed() }
      while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
        position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
      }
      guard take("\"") else { throw malformed() }
      return try JSONDecoder().decode(String.self, from: Data(bytes[start..<position]))
    }

    private mutating func literal() throws -> JSON {
      let start = position
      while position < bytes.count, !",]} \n".utf8.contains(bytes[position]) { position += 1 }
      switch String(decoding: bytes[start..<position], as: UTF8.self) {
      case "true": return .bool(true)
      case "false": return .bool(false)
      case "null": return .null
      case let digits where Double(digits) != nil: return .number(digits)
      default: throw malformed()
      }
    }
  }
}
