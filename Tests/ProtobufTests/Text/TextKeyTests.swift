import Protobuf
import Testing

/// Texts that Swift takes for the same, each with other bytes.
private let alikes: [(String, String)] = [
  ("\u{e9}", "e\u{301}"), ("K", "\u{212a}"), ("\u{c5}", "\u{212b}"), (";", "\u{37e}"), ("`", "\u{1fef}"),
  ("\u{1e69}", "s\u{323}\u{307}"), ("s\u{323}\u{307}", "s\u{307}\u{323}"), ("한", "\u{1112}\u{1161}\u{11ab}"),
]

@Suite("Text on the wire is compared by its bytes")
struct TextKeyTests {
  @Test("keys that are only canonically equal are two keys, of a map, an object and a set", arguments: alikes)
  func maps(_ left: String, _ right: String) throws {
    #expect(left == right)
    #expect(TextKey(left) != TextKey(right) && Set([TextKey(left), TextKey(right)]).count == 2)
    let message = Everything(
      words: [left: "1", right: "2"], blobsByName: [left: [1], right: [2]],
      structure: Struct(fields: [(key: left, value: .number(1)), (key: right, value: .number(2))]))
    #expect(message.words.count == 2 && message.words[left] == "1" && message.words[right] == "2")

    let wire = try Everything(serialized: message.serialized())
    let text = try Everything(json: message.json())
    let object = try Struct(json: #require(message.structure).json())
    for read in [wire, text] {
      #expect(read.words[left] == "1" && read.words[right] == "2")
      #expect(read.blobsByName[left] == [1] && read.blobsByName[right] == [2])
    }
    for fields in [wire.structure?.fields, text.structure?.fields, object.fields] {
      #expect(fields?.count == 2 && fields?[left] == .number(1) && fields?[right] == .number(2))
    }
    #expect(try message.serialized() == wire.serialized())
  }

  @Test("a name of a field, an enum's spelling or a currency is none when it is only canonically equal to it")
  func names() {
    typealias Sale = TestingV1.Sale
    #expect(throws: ProtobufError.unknownField(path: "\u{212a}ey")) {
      _ = try DynamicMessage(json: Array("{\"\u{212a}ey\":1}".utf8), schema: Self.keyed)
    }
    #expect(throws: Never.self) { _ = try DynamicMessage(json: Array("{\"Key\":1}".utf8), schema: Self.keyed) }
    #expect(CurrencyDecimals.of("KWD") == 3 && CurrencyDecimals.of("\u{212a}WD") == 2)
    let spellings = EnumSchema(name: "E", values: [EnumValueSchema(name: "E_KEY", number: 1, json: "\u{e9}K")])
    #expect(spellings.number(spelled: "\u{e9}K") == 1 && spellings.number(spelled: "E_KEY") == 1)
    #expect(spellings.number(spelled: "e\u{301}K") == nil && spellings.number(spelled: "\u{e9}\u{212a}") == nil)
    #expect(spellings.number(spelled: "E_\u{212a}EY") == nil)
  }

  /// A message of one field that is called `Key` in JSON.
  private static let keyed = MessageSchema(
    name: "Keyed", descriptor: Int32Value.schema.descriptor, fields: [FieldSchema(name: "value", jsonName: "Key")])

  @Test("the order of a map's entries is that of their bytes")
  func order() {
    let map: TextMap<Int> = ["e\u{301}": 1, "\u{e9}": 2, "f": 3, "": 4, "\u{10000}": 5, "\u{ffff}": 6]
    #expect(map.sorted().map(\.value) == [4, 1, 3, 2, 6, 5])
  }

  @Test("an error quotes a bounded part of a name, cut between scalars")
  func excerpts() {
    let long = String(repeating: "€", count: 70_000)
    for json in ["{\"\(long)\":1}", "{\"structure\":{\"\(long)\":\"\\u0000\"}}", "{\"words\":{\"\(long)\":1}}"] {
      let error = #expect(throws: ProtobufError.self) { try Everything(json: Array(json.utf8)) }
      let text = "\(String(describing: error))"
      #expect(text.utf8.count < 200 && text.contains("€…") && !text.contains("\u{fffd}"))
    }
    var message = DynamicMessage(schema: Everything.schema)
    #expect(throws: ProtobufError.unknownField(path: String(repeating: "€", count: 21) + "…")) {
      try message.set(long, text: "1")
    }
    var nested = "\"\\u0000\""
    for _ in 0..<20 { nested = "{\"\(long.prefix(60))\":\(nested)}" }
    let error = #expect(throws: ProtobufError.self) { try Everything(json: Array("{\"structure\":\(nested)}".utf8)) }
    #expect((error?.path.utf8.count ?? 0) < 600)
  }
}
