import Testing

@testable import Postgres

@Suite("SQLSTATE codes")
struct SQLStateTests {
  /// Appendix A of the PostgreSQL manual (15 and 17): classes 08, 53, 57 and 58. Then a code of each class that no version has yet.
  static let away = [
    "08000", "08003", "08006", "08001", "08004", "08007", "08P01", "53000", "53100", "53200", "53300", "53400", "57000",
    "57P01", "57P02", "57P03", "57P04", "57P05", "58000", "58030", "58P01", "58P02", "58P03", "25006", "53ZZZ", "57ZZZ",
    "58ZZZ",
  ]

  @Test("a server that cannot work is told as unavailable, with its code", arguments: away)
  func unavailable(code: String) {
    guard case .unavailable(let reason) = SQLState.error(code, name: "") else {
      Issue.record("\(SQLState.error(code, name: ""))")
      return
    }
    #expect(reason.contains(code))
    #expect(reason.count > "(SQLSTATE 00000)".count)
  }

  @Test("a full disk is named as one")
  func disk() {
    #expect(SQLState.error("53100", name: "") == .unavailable(reason: "the server's disk is full (SQLSTATE 53100)"))
  }

  @Test(
    "other codes are not",
    arguments: [
      ("23505", DatabaseError.constraint(kind: .unique, name: "n")),
      ("23503", .constraint(kind: .foreignKey, name: "n")),
      ("23001", .constraint(kind: .foreignKey, name: "n")), ("23514", .constraint(kind: .check, name: "n")),
      ("23502", .constraint(kind: .notNull, name: "n")), ("23P01", .constraint(kind: .exclusion, name: "n")),
      ("40001", .serialization), ("40P01", .serialization), ("57014", .timeout), ("42601", .server(sqlState: "42601")),
      ("22P02", .server(sqlState: "22P02")), ("XX000", .server(sqlState: "XX000")), ("", .server(sqlState: "")),
    ])
  func others(code: String, expected: DatabaseError) {
    #expect(SQLState.error(code, name: "n") == expected)
  }
}
