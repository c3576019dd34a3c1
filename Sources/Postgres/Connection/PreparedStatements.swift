/// What one connection has prepared, and under which names.
struct PreparedStatements {
  /// The same text with parameters of other types is another statement.
  struct Key: Hashable {
    let sql: UInt
    let signature: UInt32

    init(_ statement: Statement) {
      sql = statement.sql.key
      signature = statement.parameters.signature
    }
  }

  /// Statements are constants of the program; more than this means that they are made at run time, and the connection is given up in
  /// time instead of filling the server's memory.
  static let limit = 2_000

  private var names: [Key: String] = [:]
  private var made = 0

  var isFull: Bool { made >= Self.limit }

  func name(of key: Key) -> String? { names[key] }

  /// A name for a statement that is about to be prepared.
  mutating func add(_ key: Key) -> String {
    made += 1
    let name = "s\(made)"
    names[key] = name
    return name
  }

  /// The server did not prepare it after all.
  mutating func forget(_ key: Key) {
    names[key] = nil
  }
}
