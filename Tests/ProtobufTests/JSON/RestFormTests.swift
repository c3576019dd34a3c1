import Protobuf
import Testing

@Suite("The REST form of JSON")
struct RestFormTests {
  typealias Sale = TestingV1.Sale

  private func text(_ sale: Sale) throws -> String {
    String(decoding: try sale.json(options: .rest), as: UTF8.self)
  }

  private func read(_ json: String) throws(ProtobufError) -> Sale {
    try Sale(json: Array(json.utf8), options: .rest)
  }

  @Test("amounts are numbers of major units with the currency's decimals")
  func money() throws {
    var sale = Sale(price: 9900, currency: "USD", discount: Int64Value(5), taxRate: 1900, phase: .pastDue, units: 3)
    #expect(
      try text(sale)
        == #"{"price":99.00,"currency":"USD","discount":0.05,"taxRate":0.1900,"phase":"past_due","paid":false,"units":3,"tags":[]}"#
    )
    sale.currency = "JPY"
    #expect(try text(sale).hasPrefix(#"{"price":9900,"currency":"JPY","discount":5,"#))
    sale.currency = "KWD"
    sale.price = -1
    #expect(try text(sale).hasPrefix(#"{"price":-0.001,"#))
    sale.price = .min
    #expect(try text(sale).hasPrefix(#"{"price":-9223372036854775.808,"#))
  }

  @Test("amounts are read by the digits of the literal, wherever the currency stands")
  func readingMoney() throws {
    #expect(try read(#"{"price": 0.1, "currency": "USD"}"#).price == 10)
    #expect(try read(#"{"price": 1.10, "currency": "EUR"}"#).price == 110)
    #expect(try read(#"{"currency": "JPY", "price": 5e3}"#).price == 5000)
    #expect(try read(#"{"price": 92233720368547758.07, "currency": "USD"}"#).price == .max)
    #expect(try read(#"{"price": 1.234, "currency": "KWD", "discount": 0.5}"#).discount == Int64Value(500))
    #expect(try read(#"{"taxRate": 0.19}"#).taxRate == 1900)
  }

  @Test(
    "amounts that cannot be meant are refused",
    arguments: [
      #"{"price": 0.001, "currency": "USD"}"#, #"{"price": 1.5, "currency": "JPY"}"#, #"{"price": "1.50"}"#,
      #"{"price": 92233720368547758.08}"#, #"{"price": 1e400}"#, #"{"price": true}"#, #"{"price": [1]}"#,
      #"{"discount": "5"}"#, #"{"taxRate": 0.00001}"#,
    ])
  func refusedMoney(_ json: String) {
    let error = #expect(throws: ProtobufError.self) { try read(json) }
    guard case .invalidValue(let path, _) = error else {
      Issue.record("\(json): \(String(describing: error))")
      return
    }
    #expect(["price", "discount", "taxRate"].contains(path))
  }

  @Test("an enum is read by its number too, in a body and in a query")
  func enumNumbers() throws {
    #expect(try read(#"{"phase": 2}"#).phase == .pastDue)
    for (text, phase) in [("2", TestingV1.Phase.pastDue), ("0", .unspecified), ("-7", .unrecognized(-7))] {
      var query = DynamicMessage(schema: Sale.schema)
      try query.set("phase", text: text)
      #expect(try Sale(serialized: query.serialized()).phase == phase)
      #expect(try read(#"{"phase": \#(text)}"#).phase == phase)
    }
    for text in ["2147483648", "1.5", "2x", "-", ""] {
      var query = DynamicMessage(schema: Sale.schema)
      #expect(throws: ProtobufError.invalidValue(path: "phase", expected: "one of open, past_due")) {
        try query.set("phase", text: text)
      }
    }
  }

  @Test(
    "null is no value of a number, a text, a boolean, an enum or a list",
    arguments: ["price", "currency", "discount", "taxRate", "phase", "paid", "units", "tags", "page"])
  func nullScalars(_ name: String) {
    let error = #expect(throws: ProtobufError.self) { try read("{\"\(name)\": null}") }
    #expect(error?.path == name)
    #expect(throws: Never.self) { try Sale(json: Array("{\"\(name)\": null}".utf8)) }
  }

  @Test("null takes an object or a time away")
  func nullObjects() throws {
    #expect(try read(#"{"soldAt": null, "buyer": null}"#) == Sale())
    #expect(throws: ProtobufError.self) { try read(#"{"buyer": {"name": null}}"#) }
  }

  @Test(
    "a number in a free object that a double does not hold as written is refused",
    arguments: [
      ("9007199254740993", false), ("1e-400", false), ("-0", false), ("-0.0", false), ("0.10000000000000000001", false),
      ("1e400", false), ("123456789012345678901", false), ("9007199254740992", true), ("0.1", true), ("0.10", true),
      ("1e22", true), ("-1.5e-7", true), ("0", true), ("0e5", true), ("5e-324", true), ("1E+2", true), ("100", true),
    ])
  func heldNumbers(_ literal: String, _ isHeld: Bool) throws {
    for json in [#"{"a": \#(literal)}"#, #"{"a": [{"b": \#(literal)}]}"#] {
      let read = try? Struct(json: Array(json.utf8), options: .rest)
      #expect((read != nil) == isHeld, "\(json)")
    }
  }

  @Test("every amount of a thousand survives the way out and in again")
  func amountsSurvive() throws {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<1000 {
      let currency = ["USD", "JPY", "KWD", "CLF"].randomElement(using: &random) ?? "USD"
      let sale = Sale(price: Int64.random(in: .min ... .max, using: &random), currency: currency)
      #expect(try Sale(json: sale.json(options: .rest), options: .rest) == sale)
    }
  }

  @Test("times have whole seconds, unspecified enums and empty strings are left out, enums read by either spelling")
  func scalars() throws {
    let sale = Sale(soldAt: Timestamp(seconds: 1_763_980_200, nanos: 999_000_000), tags: ["", "a"])
    #expect(
      try text(sale)
        == #"{"price":0.00,"taxRate":0.0000,"soldAt":"2025-11-24T10:30:00Z","paid":false,"units":0,"tags":["","a"]}"#)
    #expect(try read(#"{"phase": "past_due"}"#).phase == .pastDue)
    #expect(try read(#"{"phase": "PHASE_OPEN"}"#).phase == .open)
    #expect(throws: ProtobufError.invalidValue(path: "phase", expected: "one of open, past_due")) {
      try read(#"{"phase": "closed"}"#)
    }
  }
}
