/// SQL put together from constant pieces, once: keep it in a `static let`. Its identity is what it is prepared under, so one made anew for each
/// call would be prepared anew for each call.
public final class SQL: Sendable {
  public let text: String
  let key: UInt

  /// The pieces, one after the other. Only literals fit: SQL is never built from data.
  public init(_ pieces: StaticString...) {
    text = pieces.map(\.description).joined()
    key = SQLIdentity.next()
  }

  /// The text of a declared statement.
  init(made text: String) {
    self.text = text
    key = SQLIdentity.next()
  }
}

/// One SQL command with its parameters, ready to be sent.
///
/// `Statement("select name from plan where id = $1 and price > $2", id, Int64(100))`
///
/// Parameters are declared to PostgreSQL with the type of the Swift value (`String` is `text`): write a cast where a column
/// is of another type (`$2::billing.status`, `$3::date`).
public struct Statement: Sendable {
  let sql: SQLText
  private(set) var parameters = ParameterBuffer()

  public init(_ sql: StaticString, _ values: (any PostgresEncodable)...) {
    self.sql = .literal(sql)
    for value in values { value.encode(into: &parameters) }
  }

  public init(_ sql: SQL, _ values: (any PostgresEncodable)...) {
    self.sql = .composed(sql)
    for value in values { value.encode(into: &parameters) }
  }

  init(_ sql: SQL, _ parameters: ParameterBuffer) {
    self.sql = .composed(sql)
    self.parameters = parameters
  }

  /// Adds the value of the next parameter.
  public mutating func bind(_ value: some PostgresEncodable) {
    value.encode(into: &parameters)
  }
}

/// Where the text of a statement lies, and under which key a connection remembers having prepared it.
enum SQLText: Sendable {
  case literal(StaticString)
  case composed(SQL)

  /// The address of a literal is its identity; the addresses of objects would be used again, so composed texts are counted.
  var key: UInt {
    switch self {
    case .literal(let text): UInt(bitPattern: text.utf8Start)
    case .composed(let text): text.key
    }
  }

  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    switch self {
    case .literal(let text):
      // A StaticString of more than one scalar lies in the program with a NUL behind it.
      text.withUTF8Buffer { buffer in
        buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
      }
    case .composed(let text): text.text.withCString(body)
    }
  }
}
