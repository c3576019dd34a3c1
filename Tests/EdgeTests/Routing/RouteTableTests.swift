import Testing

@testable import Edge

@Suite("The route table")
struct RouteTableTests {
  private static func table() throws -> RouteTable<String> {
    var table = RouteTable<String>()
    for (method, template) in [
      (HTTPMethod.get, "/api/payments"), (.get, "/api/payments/{id}"), (.get, "/api/payments/stats"),
      (.post, "/api/payments/intents/{id}/confirm"), (.patch, "/api/payments/{id}"), (.post, "/api/payments"),
      (.get, "/api/{service}/{id}/deep"),
    ] { try table.add(method, template, "\(method.name) \(template)") }
    return table
  }

  private static func find(_ line: String) throws -> String {
    let head = HTTPRequestHead.reading(line)
    switch try table().match(head) {
    case .found(let target, let variables):
      return ([target] + variables.map { head.text($0) }).joined(separator: " ")
    case .methodNotAllowed(let methods): return methods.map(\.name).joined(separator: ",")
    case .notFound: return "none"
    }
  }

  @Test(
    "finds",
    arguments: [
      ("GET /api/payments", "GET /api/payments"),
      ("HEAD /api/payments", "GET /api/payments"),
      ("GET /api/payments?page=1", "GET /api/payments"),
      ("GET /api/payments/stats", "GET /api/payments/stats"),
      ("GET /api/payments/stat", "GET /api/payments/{id} stat"),
      ("GET /api/payments/a%2Fb", "GET /api/payments/{id} a%2Fb"),
      ("PATCH /api/payments/1", "PATCH /api/payments/{id} 1"),
      ("POST /api/payments/intents/7/confirm", "POST /api/payments/intents/{id}/confirm 7"),
      ("GET /api/payments/7/deep", "GET /api/{service}/{id}/deep payments 7"),
      ("GET /api/other/7/deep", "GET /api/{service}/{id}/deep other 7"),
      ("GET /api/payments/", "none"), ("GET /api//payments", "none"), ("GET /api", "none"), ("GET /", "none"),
      ("GET /api/payments/1/2", "none"), ("GET /API/payments", "none"), ("OPTIONS *", "none"),
      ("DELETE /api/payments", "GET,POST,HEAD,OPTIONS"),
      ("PATCH /api/payments/stats", "GET,HEAD,OPTIONS"),
      ("BREW /api/payments/1", "GET,PATCH,HEAD,OPTIONS"),
    ])
  func finds(_ line: String, _ expected: String) throws {
    #expect(try Self.find(line) == expected)
  }

  @Test("refuses two routes that cannot be told apart, and templates it does not understand")
  func conflicts() throws {
    var table = try Self.table()
    #expect(throws: RouteTable<String>.Conflict.duplicate(method: "GET", template: "/api/payments/{key}")) {
      try table.add(.get, "/api/payments/{key}", "")
    }
    for template in ["api", "/", "/a//b", "/a/{b", "/a/x{b}"] {
      #expect(throws: RouteTable<String>.Conflict.malformed(template: template)) { try table.add(.get, template, "") }
    }
  }
}

@Suite("Percent-encoding and queries")
struct PercentEncodingTests {
  @Test(
    "decodes",
    arguments: [
      ("abc", "abc"), ("a%20b", "a b"), ("%C3%A9", "é"), ("a+b", "a b"), ("%2B", "+"), ("", ""),
    ])
  func decodes(_ text: String, _ expected: String) {
    #expect(PercentEncoding.decode(Array(text.utf8)[...], plusIsSpace: true) == expected)
  }

  @Test(
    "refuses broken escapes, bytes that are not UTF-8, and NUL",
    arguments: [
      "%", "%2", "a%2", "%zz", "%+1", "%ff", "%C3", "%00", "%ED%A0%80",
    ])
  func refuses(_ text: String) {
    #expect(PercentEncoding.decode(Array(text.utf8)[...], plusIsSpace: true) == nil)
  }

  @Test("a plus stays a plus in a path")
  func plusInPath() {
    #expect(PercentEncoding.decode(Array("a+b%20c".utf8)[...], plusIsSpace: false) == "a+b c")
  }

  @Test("reads parameters in order and refuses a name twice")
  func parameters() throws {
    let query = try QueryParameters(Array("page=1&q=a%3Db&&empty=&flag".utf8)[...], limit: 4)
    #expect(query.pairs.map { "\($0.name)=\($0.value)" } == ["page=1", "q=a=b", "empty=", "flag="])
    #expect(throws: QueryParameters.Problem.duplicate(name: "page")) {
      try QueryParameters(Array("page=1&pag%65=2".utf8)[...], limit: 4)
    }
    #expect(throws: QueryParameters.Problem.malformed) { try QueryParameters(Array("=1".utf8)[...], limit: 4) }
    #expect(throws: QueryParameters.Problem.malformed) { try QueryParameters(Array("a=%".utf8)[...], limit: 4) }
  }
}
