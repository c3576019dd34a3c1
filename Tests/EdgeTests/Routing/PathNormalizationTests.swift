import Testing

@testable import Edge

@Suite("The normal form of a path")
struct PathNormalizationTests {
  private static func normalized(_ path: String) throws -> String {
    var head = HTTPRequestHead.reading("GET \(path)?q=%41")
    try head.normalizePath()
    // The query is not the path's.
    #expect(head.query.map(head.text) == "q=%41")
    return head.text(head.path)
  }

  @Test(
    "is that of RFC 3986 section 6.2.2",
    arguments: [
      ("/a/b", "/a/b"), ("/%61/%7e%2D", "/a/~-"), ("/%2f%2F", "/%2F%2F"), ("/%c3%a9", "/%C3%A9"),
      ("/%25%36%31", "/%2561"),
      ("/%2561", "/%2561"), ("/./a", "/a"), ("/a/.", "/a/"), ("/a/..", "/"), ("/a/b/../c", "/a/c"), ("/../../a", "/a"),
      ("/%2e%2E/a", "/a"), ("/a/%2e", "/a/"), ("/..a/.b", "/..a/.b"), ("/a//b", "/a//b"), ("/a//../b", "/a/b"),
      ("/", "/"),
      ("/..", "/"), ("/%3a%40", "/%3A%40"), ("/.%2e/%2e./b", "/b"),
    ])
  func forms(_ path: String, _ expected: String) throws {
    #expect(try Self.normalized(path) == expected)
    // What is in normal form stays as it is: nothing is decoded twice.
    #expect(try Self.normalized(expected) == expected)
  }

  @Test("is none when an escape is broken", arguments: ["/%", "/%2", "/a%g0", "/%%61", "/%2%61"])
  func broken(_ path: String) {
    #expect(throws: ErrorAnswer.self) { try Self.normalized(path) }
  }

  @Test("decodes all characters that need no escape and no other")
  func everyByte() throws {
    for byte in UInt8.min...UInt8.max {
      let digits = [[UInt8].hexadecimalDigit(byte >> 4), [UInt8].hexadecimalDigit(byte & 15)]
      let decoded = PathNormalization.decodeUnreserved([ASCII.percent] + digits)
      #expect((decoded == [byte]) == ASCIISet.unreserved.contains(byte), "byte \(byte)")
    }
  }
}
