import Generator
import Testing

/// One broken rule: a schema and the one message it must get.
struct Refusal: Sendable, CustomTestStringConvertible {
  let rule: String
  /// The lines below `syntax` and `package`, which are lines 1 and 2; `a.proto:3` is the first of them.
  let body: String
  let message: String
  var parameter = "outputs=messages+services+routes"

  var testDescription: String { rule }
}

@Suite("Schemas that break a rule")
struct RefusalTests {
  @Test("are refused with file, line, what is wrong and the rule's name", arguments: cases)
  func refused(refusal: Refusal) throws {
    let source = "syntax = \"proto3\";\npackage sample.v1;\n" + refusal.body
    let sources = try ProtoSources(["a.proto": source])
    let error = #expect(throws: DiagnosticsError.self) { try sources.generate(parameter: refusal.parameter) }
    #expect(error?.description == "\(refusal.message) [\(refusal.rule)]")
  }

  @Test("are told all that is wrong at once, by file and line")
  func allAtOnce() throws {
    let head = "syntax = \"proto3\";\npackage sample.v1;\n"
    let sources = try ProtoSources([
      "b.proto": head + "message B { string base = 1; }",
      "a.proto": head + "message A {\n  message Storage {}\n}\nservice C {}\nmessage CClient {}",
    ])
    let error = #expect(throws: DiagnosticsError.self) { try sources.generate(parameter: "") }
    #expect(
      error?.diagnostics.map { "\($0.location) \($0.rule)" } == [
        "a.proto:3 name-collision", "a.proto:6 name-collision", "b.proto:3 name-collision",
      ])
  }

  @Test("in proto2, and with extensions, are refused")
  func otherLanguages() throws {
    let proto2 = try ProtoSources(["old.proto": "syntax = \"proto2\";\nmessage A { optional int32 a = 1; }"])
    let old = #expect(throws: DiagnosticsError.self) { try proto2.generate(parameter: "") }
    #expect(old?.description == "old.proto: this is proto2: write `syntax = \"proto3\";` [proto3-only]")

    let extending = try ProtoSources([
      "more.proto": """
      syntax = "proto3";
      import "google/protobuf/descriptor.proto";
      extend google.protobuf.FieldOptions { string note = 50000; }
      """
    ])
    let more = #expect(throws: DiagnosticsError.self) { try extending.generate(parameter: "") }
    #expect(
      more?.description.hasPrefix("more.proto: extensions are for option files") == true, "\(String(describing: more))")
  }

  @Test("two packages of one Swift name are told how to choose another")
  func namespaceCollision() throws {
    let sources = try ProtoSources([
      "a.proto": "syntax = \"proto3\";\npackage one.shop.v1;\nmessage A {}",
      "b.proto": "syntax = \"proto3\";\npackage two.shop.v1;\nmessage B {}",
    ])
    let error = #expect(throws: DiagnosticsError.self) { try sources.generate(parameter: "") }
    #expect(
      error?.description == "b.proto: the packages 'one.shop.v1' and 'two.shop.v1' would both be called ShopV1: "
        + "choose another name, --namespace two.shop.v1=NAME [swift-namespace]")
    let named = try sources.generate(parameter: "namespace=two.shop.v1:OtherShop")
    #expect(named.map(\.name) == ["ShopV1.swift", "OtherShop.swift"])
  }

  @Test("a wrong parameter is named with what there is")
  func parameters() throws {
    let sources = try ProtoSources(["a.proto": "syntax = \"proto3\";\nmessage A {}"])
    for (parameter, message) in [
      "visibility=secret": "there is no visibility 'secret'; there are public, package, internal",
      "outputs=messages+poems":
        "there is no output 'poems'; there are messages, services, routes, openapi, typescript, descriptors",
      "colour=red": "there is no parameter 'colour'",
      "namespace=a": "a namespace is given as PACKAGE:Name, not 'a'",
    ] {
      let error = #expect(throws: OptionsError.self) { try sources.generate(parameter: parameter) }
      #expect(error?.description == message)
    }
  }
}
