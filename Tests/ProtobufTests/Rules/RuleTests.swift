import Protobuf
import Testing

@Suite("Rules of fields, judged by protovalidate")
struct RuleTests {
  @Test("4,000 random messages break the same rules of the same fields")
  func agreement() throws {
    let messages = (0..<4000 as Range<UInt64>).map { seed in
      var random = RandomRuled(seed: seed)
      return random.ruled()
    }
    let answers = try Judge.ask(.rules, messages.map { try $0.serialized() })
    try #require(answers.count == messages.count)
    var broken: Set<String> = []
    for (seed, (message, answer)) in zip(messages, answers).enumerated() {
      let lines = String(decoding: answer, as: UTF8.self).split(separator: "\u{1e}" as Character)
      let theirs = lines.map { TextKey(String($0)) }.sorted()
      let ours = message.violations(limit: .max).map { TextKey("\($0.field) \($0.rule)") }.sorted()
      #expect(ours == theirs, "seed \(seed)")
      for violation in message.violations(limit: .max) { broken.insert(violation.rule) }
    }
    // A rule that no message broke was not judged.
    #expect(broken.count == 43, "\(broken.sorted())")
  }

  @Test("no more than the limit are collected, however many there are")
  func limit() {
    var ruled = Ruled()
    ruled.tags = [String](repeating: "", count: 100_000)
    #expect(ruled.violations(limit: 20).count == 20)
    #expect(ruled.violations(limit: 0).isEmpty)
  }

  @Test("a message that holds others tells their paths")
  func paths() {
    let holder = TestingV1.Holder(
      ruled: Ruled(parts: [Part(), Part(inner: Part(name: "long name"))]), byName: ["a.b": Ruled()])
    let fields = holder.violations(limit: .max).map(\.field)
    #expect(fields.contains("ruled.parts.1.inner.name") && fields.contains("byName.a.b.requiredText"))
    #expect(Violation(field: "a", rule: "required", expected: "a value").description == "a: expected a value")
  }

  @Test(
    "an object of free JSON has a size on the wire and a depth",
    arguments: [
      ("{}", 0, 6), ("{\"a\":1}", 1, 30), ("{\"a\":[]}", 2, 30), ("{\"a\":[[{\"b\":[]}]]}", 5, 60),
    ])
  func objects(_ json: String, _ depth: Int, _ bytes: Int) throws {
    let object = try Struct(json: Array(json.utf8))
    #expect(object.fits(bytes: bytes, depth: max(depth, 1)))
    #expect(depth < 2 || !object.fits(bytes: bytes, depth: depth - 1))
  }

  @Test("an object that fits takes no more bytes on the wire than allowed, and one of many small numbers does not fit")
  func objectBytes() throws {
    for seed in 0..<500 as Range<UInt64> {
      var random = RandomMessages(seed: seed)
      let object = random.structure(depth: 3)
      let size = try object.serialized().count
      #expect(!object.fits(bytes: size - 1, depth: 20) || size == 0)
      #expect(object.fits(bytes: size * 2 + 64, depth: 20))
    }
    let numbers = "{\"a\":[" + [String](repeating: "1", count: 8000).joined(separator: ",") + "]}"
    #expect(numbers.utf8.count < 16 * 1024)
    #expect(try !Struct(json: Array(numbers.utf8)).fits(bytes: 64 * 1024, depth: 8))
  }
}
