import Testing

@testable import Edge

@Suite("Request ids")
struct RequestIDSourceTests {
  @Test("a harmless one is taken over", arguments: ["a", "0af7651916cd43dd8448eb211c80319c", "x-1_2.3"])
  func taken(_ id: String) {
    var source = RequestIDSource()
    #expect(source.id(given: Array(id.utf8)[...]) == Array(id.utf8))
  }

  @Test(
    "anything else is replaced", arguments: ["", "a b", "a\"b", "é", String(repeating: "a", count: 65), "a,b", "../x"])
  func replaced(_ id: String) {
    var source = RequestIDSource()
    let made = source.id(given: Array(id.utf8)[...])
    #expect(made.count == 32)
    #expect(made.allSatisfy { ASCII.hexadecimal($0) != nil })
  }

  @Test("fresh ones differ, also between sources")
  func fresh() {
    var first = RequestIDSource()
    var second = RequestIDSource()
    #expect(Set((0..<1000).flatMap { _ in [first.next(), second.next()] }).count == 2000)
  }
}
