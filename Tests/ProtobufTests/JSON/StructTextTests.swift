import Protobuf
import Testing

@Suite("An object's JSON without a message in between")
struct StructTextTests {
  /// The general way, by the schema.
  private func slowly<M: Message>(_ type: M.Type, _ text: String) throws -> M { try M(json: Array(text.utf8)) }

  @Test(
    "is read as any message is",
    arguments: [
      "{}", #"{"a":null,"b":true,"c":false}"#, #"{"a":0,"b":-0,"c":7,"d":999999999999999,"e":1234567890123456789}"#,
      #"{"a":0.1,"b":-2.5e-3,"c":1e308,"d":100000000000000000000}"#, #"{"a":"","b":"é😀\u0041\n","":"no name"}"#,
      #"{"a":[],"b":[1,"x",[null,{}],{"c":[true]}],"d":{"e":{"f":{}}}}"#, " { \"a\" : [ 1 , 2 ] } ",
    ])
  func agreement(_ text: String) throws {
    let read = try Struct(json: Array(text.utf8))
    #expect(read == (try slowly(Struct.self, text)))
    #expect(try Struct(json: read.json()) == read)
  }

  @Test(
    "is refused as any message is",
    arguments: [
      "", "[]", "1", "null", "{", #"{"a":1,"a":2}"#, #"{"a":{"b":1,"b":1}}"#, #"{"a":"\u0000"}"#, #"{"\u0000":1}"#,
      #"{"a":1e999}"#, #"{"a":01}"#, #"{"a":"\ud800"}"#, #"{"a":1}x"#, #"{"a":NaN}"#,
    ])
  func refusals(_ text: String) {
    #expect(throws: ProtobufError.self) { try Struct(json: Array(text.utf8)) }
    #expect(throws: ProtobufError.self) { try slowly(Struct.self, text) }
  }
}
