import Protobuf
import Testing

/// Texts on the edge of the mapping, each read by us and by Google's implementation.
@Suite("JSON on the edge, judged by Google's implementation")
struct JSONAgreementTests {
  static let texts: [String] = [
    "{}", " {} ", "{\"int32Field\": 1.0}", "{\"int32Field\": 1e2}", "{\"int32Field\": 1.5}", "{\"int32Field\": \"12\"}",
    "{\"int32Field\": 2147483648}", "{\"int32Field\": -2147483648}", "{\"int32_field\": 7}", "{\"int32Field\": true}",
    "{\"int32Field\": null}", "{\"int32Field\": [1]}", "{\"int32Field\": \"\"}", "{\"int32Field\": \" 1\"}",
    "{\"int64Field\": \"-9223372036854775808\"}", "{\"int64Field\": 9223372036854775807}",
    "{\"int64Field\": 9223372036854775808}", "{\"uint64Field\": 18446744073709551615}", "{\"uint64Field\": -1}",
    "{\"uint32Field\": 4294967295}", "{\"uint32Field\": 4294967296}", "{\"boolField\": \"true\"}", "{\"boolField\": 1}",
    "{\"doubleField\": \"NaN\"}", "{\"doubleField\": \"-Infinity\"}", "{\"doubleField\": \"1.5e3\"}",
    "{\"doubleField\": 1e999}",
    "{\"floatField\": 3.5e38}", "{\"floatField\": -3.402823e38}", "{\"doubleField\": .5}", "{\"doubleField\": 01}",
    "{\"stringField\": 5}", "{\"stringField\": \"\\u00e9\\ud83d\\ude00\"}", "{\"bytesField\": \"AQI=\"}",
    "{\"bytesField\": \"AQI\"}",
    "{\"bytesField\": \"-_8=\"}", "{\"bytesField\": 1}", "{\"colour\": \"COLOUR_RED\"}", "{\"colour\": 2}",
    "{\"colour\": 99}",
    "{\"colour\": \"RED\"}", "{\"colour\": true}", "{\"leaf\": {}}", "{\"leaf\": null}", "{\"leaf\": []}",
    "{\"leaf\": {\"unknown\": 1}}", "{\"nothing\": 1}", "{\"int32Field\": 1, \"int32Field\": 2}",
    "{\"int32s\": [1, 2]}",
    "{\"int32s\": 1}", "{\"int32s\": [null]}", "{\"int32s\": null}", "{\"texts\": [\"\"]}",
    "{\"leaves\": [{}, {\"name\": \"x\"}]}",
    "{\"leaves\": [null]}", "{\"choiceNumber\": 0}", "{\"choiceNumber\": 1, \"choiceText\": \"a\"}",
    "{\"choiceNumber\": null, \"choiceText\": \"a\"}", "{\"choiceText\": \"\"}", "{\"choiceBytes\": \"\"}",
    "{\"choiceColour\": 0}",
    "{\"words\": {\"a\": \"b\"}}", "{\"words\": {\"a\": null}}", "{\"words\": {\"a\": \"b\", \"a\": \"c\"}}",
    "{\"words\": []}",
    "{\"leavesByNumber\": {\"-5\": {}}}", "{\"leavesByNumber\": {\"x\": {}}}",
    "{\"leavesByNumber\": {\"2147483648\": {}}}",
    "{\"numbersByFlag\": {\"true\": \"1\"}}", "{\"numbersByFlag\": {\"True\": \"1\"}}",
    "{\"numbersByFlag\": {\"1\": \"1\"}}",
    "{\"time\": \"2025-11-24T10:30:00Z\"}", "{\"time\": \"2025-11-24T10:30:00.5+02:00\"}", "{\"time\": \"2025-11-24\"}",
    "{\"time\": \"0001-01-01T00:00:00Z\"}", "{\"time\": \"9999-12-31T23:59:59.999999999Z\"}",
    "{\"time\": \"2025-02-29T00:00:00Z\"}",
    "{\"time\": \"2024-02-29T00:00:00Z\"}", "{\"time\": 5}", "{\"time\": \"2025-13-01T00:00:00Z\"}",
    "{\"duration\": \"1.5s\"}",
    "{\"duration\": \"-0.000000001s\"}", "{\"duration\": \"1\"}", "{\"duration\": \"315576000001s\"}",
    "{\"duration\": 1}",
    "{\"mask\": \"colour,leaf.someName\"}", "{\"mask\": \"\"}", "{\"mask\": []}",
    "{\"structure\": {\"a\": [1, null, {\"b\": true}]}}",
    "{\"structure\": 1}", "{\"structure\": null}", "{\"value\": null}", "{\"value\": 1.25}", "{\"value\": [[], {}]}",
    "{\"list\": [1, \"two\"]}", "{\"list\": {}}", "{\"empty\": {}}", "{\"empty\": {\"a\": 1}}", "{\"nullValue\": null}",
    "{\"any\": {\"@type\": \"type.googleapis.com/google.protobuf.Duration\", \"value\": \"1s\"}}",
    "{\"any\": {\"@type\": \"type.googleapis.com/testing.v1.Leaf\", \"name\": \"x\"}}",
    "{\"any\": {\"@type\": \"type.googleapis.com/nobody.Knows\"}}", "{\"any\": {\"name\": \"x\"}}", "{\"any\": {}}",
    "{\"int64Value\": \"5\"}", "{\"int64Value\": null}", "{\"stringValue\": \"\"}", "{\"boolValue\": false}",
    "{\"boolValue\": {}}",
    "[]", "1", "\"text\"", "null", "", "{", "{\"a\"}", "{\"int32Field\": 1,}", "{} {}", "{'int32Field': 1}",
    "{\"int32Field\": +1}",
  ]

  /// Where Google's Python takes any empty collection for an object and `true` for 1, we keep to the specification.
  static let differing: Set<String> = ["[]", "{\"leaf\": []}", "{\"colour\": true}"]

  @Test("both read the same, or both refuse")
  func agreement() throws {
    let answers = try Judge.ask(.texts, Self.texts.map { Array($0.utf8) })
    try #require(answers.count == Self.texts.count)
    for (text, answer) in zip(Self.texts, answers) where !Self.differing.contains(text) {
      let ours: Everything?
      do {
        ours = try Everything(json: Array(text.utf8), options: RoundTripTests.decoding)
      } catch {
        ours = nil
      }
      let accepted = answer.first == UInt8(ascii: "1")
      #expect((ours != nil) == accepted, "\(text): \(String(decoding: answer, as: UTF8.self))")
      if let ours, accepted {
        let theirs = try Everything(serialized: Array(answer.dropFirst()))
        // NaN is not equal to itself; its text is.
        #expect(ours == theirs || "\(ours)" == "\(theirs)", "\(text)")
      }
    }
  }
}
