import Protobuf
import Testing

@Suite("Messages known by their schema only")
struct DynamicMessageTests {
  typealias Sale = TestingV1.Sale

  @Test("JSON in, bytes out, and back")
  func transcoding() throws {
    let json = Array(
      #"{"price":12.50,"currency":"EUR","paid":true,"units":0,"tags":["x"],"buyer":{"name":"Ada","phase":"open"}}"#.utf8
    )
    let message = try DynamicMessage(json: json, schema: Sale.schema, options: .rest)
    let sale = try Sale(serialized: message.serialized())
    #expect(sale.price == 1250 && sale.buyer?.name == "Ada" && sale.buyer?.phase == .open)
    let back = try DynamicMessage(serialized: message.serialized(), schema: Sale.schema)
    var output: [UInt8] = []
    try back.json(options: .rest, into: &output)
    #expect(try Sale(json: output, options: .rest) == sale)
    #expect(message.givenFields == ["price", "currency", "paid", "units", "tags", "buyer"])
  }

  @Test("text sets fields by their types")
  func setting() throws {
    var message = DynamicMessage(schema: Sale.schema)
    try message.set("page", text: "3")
    try message.set("phase", text: "past_due")
    try message.set("tags", text: "a")
    try message.set("tags", text: "b")
    try message.set("buyer.name", text: "Ada")
    try message.set("buyer.phase", text: "open")
    try message.set("sold_at", text: "2025-11-24T10:30:00Z")
    try message.set("price", text: "1.25")
    try message.set("paid", text: "true")
    try message.set("update_mask", mask: FieldMask(paths: ["price"]))
    let sale = try Sale(serialized: message.serialized())
    #expect(
      sale.page == Int32Value(3) && sale.phase == .pastDue && sale.tags == ["a", "b"] && sale.price == 125 && sale.paid)
    #expect(sale.buyer == TestingV1.Buyer(name: "Ada", phase: .open))
    #expect(sale.soldAt == Timestamp(seconds: 1_763_980_200))
    #expect(sale.updateMask == FieldMask(paths: ["price"]))
    #expect(message.integer("page.value") == 3)
    #expect(message.string("buyer.name") == "Ada")
    #expect(message.string("buyer.nothing") == nil)
  }

  private func setting(_ path: String, _ text: [UInt8]) -> ProtobufError? {
    var message = DynamicMessage(schema: Sale.schema)
    do throws(ProtobufError) {
      try message.set("page", text: "1")
      try message.set(path, text: text)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "an enumeration is set by its spelling or its number",
    arguments: ["past_due", "2"])
  func enumeration(_ text: String) throws {
    var message = DynamicMessage(schema: Sale.schema)
    try message.set("phase", text: text)
    #expect(try Sale(serialized: message.serialized()).phase == .pastDue)
    #expect(throws: ProtobufError.self) { try message.set("buyer.phase", text: text + "9999999999") }
  }

  @Test("text that does not fit is refused by name")
  func refusals() {
    #expect(setting("page", Array("2".utf8)) == .duplicateField(path: "page"))
    #expect(setting("nothing", []) == .unknownField(path: "nothing"))
    #expect(setting("buyer.nothing", []) == .unknownField(path: "buyer.nothing"))
    #expect(setting("buyer", []) == .invalidValue(path: "buyer", expected: "a field that can be given as text"))
    #expect(setting("paid", Array("yes".utf8)) == .invalidValue(path: "paid", expected: "true or false"))
    #expect(setting("currency", [0xff]) == .invalidUTF8(path: "currency"))
    #expect(setting("currency", [0x41, 0]) == .embeddedNUL(path: "currency"))
    #expect(setting("units", Array("1x".utf8))?.path == "units")
    #expect(setting("units", [])?.path == "units")
    #expect(setting("sold_at", Array("\"".utf8))?.path == "sold_at")
    #expect(setting("", [])?.path == "")
  }

  @Test("one field alone")
  func oneField() throws {
    let sale = Sale(price: 5, currency: "USD", tags: ["a"])
    let message = try DynamicMessage(serialized: sale.serialized(), schema: Sale.schema)
    var output: [UInt8] = []
    #expect(try message.jsonOfField("tags", options: .rest, into: &output))
    #expect(try message.jsonOfField("price", options: .rest, into: &output))
    #expect(String(decoding: output, as: UTF8.self) == #"["a"]0.05"#)
    #expect(try !message.jsonOfField("buyer", options: .rest, into: &output))
  }
}
