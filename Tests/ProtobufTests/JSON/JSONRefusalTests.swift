import Protobuf
import Testing

@Suite("JSON that is refused names the field and what was expected")
struct JSONRefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let json: String
    let error: ProtobufError
    var testDescription: String { json }
  }

  static let cases: [Case] = [
    Case(json: "{\"leaf\": {\"nmae\": \"x\"}}", error: .unknownField(path: "leaf.nmae")),
    Case(json: "{\"leaf\": {\"name\": 5}}", error: .invalidValue(path: "leaf.name", expected: "a string")),
    Case(json: "{\"leaves\": [{}, {\"name\": \"a\", \"name\": \"b\"}]}", error: .duplicateField(path: "leaves.1.name")),
    Case(json: "{\"int32_field\": 1, \"int32Field\": 1}", error: .duplicateField(path: "int32Field")),
    Case(json: "{\"stringField\": \"a\\u0000b\"}", error: .embeddedNUL(path: "stringField")),
    Case(
      json: "{\"int32Field\": 2147483648}",
      error: .invalidValue(path: "int32Field", expected: "a whole number from -2147483648 to 2147483647")),
    Case(
      json: "{\"choiceText\": \"a\", \"choiceFlag\": true}", error: .oneofConflict(path: "choiceFlag", oneof: "choice")),
    Case(
      json: "{\"colour\": \"BLUE\"}",
      error: .invalidValue(
        path: "colour", expected: "one of COLOUR_UNSPECIFIED, COLOUR_RED, COLOUR_GREEN, COLOUR_NEGATIVE")),
    Case(
      json: "{\"time\": \"yesterday\"}",
      error: .invalidValue(path: "time", expected: "a time such as 2025-11-24T10:30:00Z")),
    Case(json: "{\"structure\": {\"a\": {\"b\": \"\\u0000\"}}}", error: .embeddedNUL(path: "structure.a.b")),
    Case(json: "[]", error: .invalidValue(path: "", expected: "an object")),
  ]

  @Test(arguments: cases)
  func refuses(_ refused: Case) {
    #expect(throws: refused.error) { try Everything(json: Array(refused.json.utf8)) }
  }

  @Test(
    "text that is not JSON",
    arguments: [
      "", " ", "{", "{\"a\":}", "{}x", "{\"stringField\": \"\\ud800\"}", "{\"stringField\": \"\\q\"}", "nul", "01",
      "{\"a\": tru}",
      "{\"stringField\": \"\u{1}\"}", "{,}", "{\"doubleField\": 1.}", "{\"doubleField\": -}", "\u{feff}\u{feff}{}",
    ])
  func notJSON(_ text: String) {
    let error = #expect(throws: ProtobufError.self) { try Everything(json: Array(text.utf8)) }
    guard case .malformedJSON = error else {
      Issue.record("\(text): \(String(describing: error))")
      return
    }
  }

  @Test("bytes that are not UTF-8")
  func notUTF8() {
    let bytes = Array("{\"stringField\": \"".utf8) + [0xc0, 0x80] + Array("\"}".utf8)
    #expect(throws: ProtobufError.self) { try Everything(json: bytes) }
  }

  @Test("nesting is bounded, in messages and in free JSON", arguments: [65, 101, 5000, 100_000])
  func tooDeep(_ depth: Int) {
    let messages =
      String(repeating: "{\"leaf\": {\"children\": [", count: 1) + String(repeating: "{\"children\": [", count: depth)
      + String(repeating: "]}", count: depth) + "]}}"
    #expect(throws: ProtobufError.self) { try Everything(json: Array(messages.utf8)) }
    let free = "{\"value\": " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
    #expect(throws: ProtobufError.self) { try Everything(json: Array(free.utf8)) }
  }

  @Test("a text beyond the limit is not even read")
  func tooLarge() {
    var options = JSONDecodingOptions()
    options.maximumBytes = 10
    #expect(throws: ProtobufError.tooLarge(byteCount: 22, limit: 10)) {
      try Everything(json: Array("{\"stringField\":\"long\"}".utf8), options: options)
    }
  }

  @Test("10,000 damaged texts are read or refused, never worse")
  func damaged() throws {
    var damage = SeededGenerator(seed: 5)
    for seed in 0..<100 as Range<UInt64> {
      var random = RandomMessages(seed: seed)
      let json = try random.everything().json(options: RoundTripTests.encoding)
      for _ in 0..<100 {
        var bytes = json
        for _ in 0..<Int.random(in: 1...3, using: &damage) where !bytes.isEmpty {
          let place = Int.random(in: 0..<bytes.count, using: &damage)
          switch Int.random(in: 0...2, using: &damage) {
          case 0: bytes[place] = UInt8.random(in: 0...255, using: &damage)
          case 1: bytes.removeSubrange(place..<min(bytes.count, place + 5))
          default: bytes.insert(Array("{}[]\",:0-".utf8).randomElement(using: &damage) ?? 0, at: place)
          }
        }
        _ = try? Everything(json: bytes, options: RoundTripTests.decoding)
      }
    }
  }
}
