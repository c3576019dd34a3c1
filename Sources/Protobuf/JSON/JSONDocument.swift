internal import CSimdJSON

/// A parsed JSON text as a flat list of tokens. Owns the parser's memory; cursors are valid while it lives.
final class JSONDocument {
  private let parser: OpaquePointer?
  private var tokens: UnsafePointer<cj_token>?

  /// The most levels of arrays and objects within each other.
  static let maximumDepth = 100

  init(_ bytes: [UInt8]) throws(ProtobufError) {
    guard !bytes.isEmpty else { throw .malformedJSON(reason: "it is empty") }
    parser = cj_parser_create()
    guard let parser else { throw .outOfMemory(limit: bytes.count) }
    if let problem = cj_parse(parser, bytes, bytes.count, Self.maximumDepth) {
      throw .malformedJSON(reason: String(cString: problem))
    }
    tokens = cj_tokens(parser)
  }

  deinit {
    if let parser { cj_parser_destroy(parser) }
  }

  var root: JSONCursor? { tokens.map { JSONCursor(tokens: $0, index: 0) } }
}

/// One value of a document.
struct JSONCursor {
  enum Kind {
    case null, bool(Bool), number, string, object, array
  }

  fileprivate let tokens: UnsafePointer<cj_token>
  fileprivate let index: Int

  private var token: cj_token { tokens[index] }

  var kind: Kind {
    switch UInt32(token.type) {
    case CJ_FALSE.rawValue: .bool(false)
    case CJ_TRUE.rawValue: .bool(true)
    case CJ_NUMBER.rawValue: .number
    case CJ_STRING.rawValue: .string
    case CJ_OBJECT.rawValue: .object
    case CJ_ARRAY.rawValue: .array
    default: .null
    }
  }

  var isNull: Bool { if case .null = kind { true } else { false } }

  /// Members of an object or elements of an array.
  var count: Int { Int(token.count) }

  /// The literal of a number, or the characters of a string.
  var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: token.text, count: Int(token.length)) }

  var string: String { String(decoding: text, as: UTF8.self) }

  var elements: JSONElements { JSONElements(tokens: tokens, index: index + 1, remaining: count) }
  var members: JSONMembers { JSONMembers(elements: elements) }

  fileprivate var next: Int { Int(token.end) }
}

struct JSONElements: Sequence, IteratorProtocol {
  fileprivate let tokens: UnsafePointer<cj_token>
  fileprivate var index: Int
  fileprivate var remaining: Int

  mutating func next() -> JSONCursor? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    let cursor = JSONCursor(tokens: tokens, index: index)
    index = cursor.next
    return cursor
  }
}

struct JSONMembers: Sequence, IteratorProtocol {
  fileprivate var elements: JSONElements

  mutating func next() -> (key: JSONCursor, value: JSONCursor)? {
    guard let key = elements.next() else { return nil }
    let value = JSONCursor(tokens: elements.tokens, index: elements.index)
    elements.index = value.next
    return (key, value)
  }
}
