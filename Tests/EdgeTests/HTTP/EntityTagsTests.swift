import Testing

@testable import Edge

@Suite("Lists of entity tags")
struct EntityTagsTests {
  private static func tag(_ opaque: String, isWeak: Bool = false) -> EntityTags.Tag {
    EntityTags.Tag(isWeak: isWeak, opaque: Array(opaque.utf8))
  }

  @Test(
    "are read as RFC 9110 section 13.1 writes them",
    arguments: [
      ("*", EntityTags.any), ("\"1\"", .tags([tag("\"1\"")])), ("W/\"1\"", .tags([tag("\"1\"", isWeak: true)])),
      ("\"a,b\" , W/\"\"", .tags([tag("\"a,b\""), tag("\"\"", isWeak: true)])), (", \"1\",,", .tags([tag("\"1\"")])),
      ("\"é\"", .tags([tag("\"é\"")])),
    ])
  func read(_ text: String, _ expected: EntityTags) {
    #expect(EntityTags(text.utf8) == expected)
  }

  @Test(
    "are refused when they are something else",
    arguments: ["", " ", ",", "1", "\"1", "\"1\" \"2\"", "w/\"1\"", "*,\"1\"", "\"a b\""])
  func refused(_ text: String) {
    #expect(EntityTags(text.utf8) == nil)
  }

  @Test("are compared strongly or weakly as section 8.8.3.2 says")
  func comparison() {
    let rows: [(list: String, tag: EntityTags.Tag, strong: Bool, weak: Bool)] = [
      ("W/\"1\"", Self.tag("\"1\"", isWeak: true), false, true),
      ("W/\"1\"", Self.tag("\"2\"", isWeak: true), false, false),
      ("W/\"1\"", Self.tag("\"1\""), false, true), ("\"1\"", Self.tag("\"1\""), true, true),
      ("*", Self.tag("\"1\"", isWeak: true), true, true), ("\"1\"", Self.tag("\"1\"", isWeak: true), false, true),
    ]
    for row in rows {
      let tags = EntityTags(row.list.utf8)
      #expect(tags?.matchesStrongly(row.tag) == row.strong && (tags?.naming(row.tag) != nil) == row.weak, "\(row.list)")
    }
  }

  @Test("are written as they were read", arguments: ["*", "\"1\"", "\"1\", W/\"2\""])
  func written(_ text: String) {
    #expect(EntityTags(text.utf8)?.text == Array(text.utf8))
  }
}
