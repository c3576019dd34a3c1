import Testing

@testable import Edge

@Suite("Content codings")
struct ContentCodingTests {
  @Test(
    "gzip is taken when the list says so",
    arguments: [
      ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("*", true),
      ("*;q=0", false),
      ("gzip;q=0", false), ("gzip;q=0.000", false), ("gzip;q=0.001", true), ("", false), ("identity", false),
      ("br", false), ("gzip;q=0.5, identity", false), ("gzip;q=0.5, identity;q=0.4", true),
      ("*;q=0.1, gzip;q=0", false),
      ("gzip ; q=1", true), ("gzip;q=2", false), ("gzip;q=", false), ("gzip;q=1.001", false), ("gzip;q=0.0001", false),
      ("identity;q=0, gzip;q=0.3", true),
    ])
  func acceptance(_ list: String, _ expected: Bool) {
    #expect(ContentCoding.acceptsGzip(Array(list.utf8)) == expected)
  }

  @Test("the compressed form has a tag of its own, and either names the same version")
  func tags() {
    #expect(EntityTags.codedTag("\"7\"") == "\"7-gzip\"")
    let list = EntityTags("\"7-gzip\", W/\"8-gzip\", \"9\", \"-gzip\"".utf8)
    #expect(list?.uncoded == EntityTags("\"7\", W/\"8\", \"9\", \"\"".utf8))
    #expect(EntityTags.any.uncoded == .any)
  }
}
