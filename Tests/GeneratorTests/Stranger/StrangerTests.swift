import TestSupport
import Testing

/// The generator outside this repository: a schema that is not ours becomes a package that builds without a warning and
/// talks to a server that Google's tools made of the same schema.
@Suite("A stranger's schema")
struct StrangerTests {
  @Test("becomes Swift that compiles and calls a grpcio server", .timeLimit(.minutes(10)))
  func callsPython() throws {
    let package = try StrangerPackage()
    let generated = try package.generate()
    try #require(generated.status == 0, "\(generated.errorText)")
    let built = try package.build()
    try #require(built.status == 0, "\(built.outputText)\(built.errorText)")
    #expect(!built.outputText.contains("/Inventory/Sources/Inventory/"), "\(built.outputText)")

    let server = try InventoryServer(protoPaths: package.protoPaths)
    let result = try package.run(port: server.port)
    #expect(result.status == 0, "\(result.errorText)")
    let lines = result.outputText.split(separator: "\n").map(String.init)
    let failed = lines.filter { $0.hasPrefix("WRONG") }
    #expect(failed.isEmpty)
    #expect(lines.count { $0.hasPrefix("ok") } == 8)
    for part in Self.describedParts { #expect(result.outputText.contains(part), "Python did not see \(part)") }
    for part in Self.jsonParts { #expect(result.outputText.contains(part), "the JSON lacks \(part)") }
  }

  /// What Python printed of the message it received.
  private static let describedParts = [
    "a_double: -0.1 ", "a_float: 1.5 ", "an_int32: -2147483648 ", "an_int64: -9223372036854775808 ",
    "a_uint64: 18446744073709551615 ", "a_sint64: -8 ", "some_bytes: \"\\000\\377\\n\"", "maybe_number: 0 ",
    "maybe_text: \"\" ", "numbers: -1 numbers: 0 numbers: 9223372036854775807 ", "unpacked: 0.5 unpacked: 2",
    "colors: COLOR_RED colors: COLOR_GREY colors: 77 ", "items { name: \"nail\" pieces: 1 }",
    "labels { key: \"a\" value: \"1\" }", "by_item { name: \"chosen\" }", "class: \"first\"", "self: \"me\"",
    "inside { aisle: \"hall\" }", "unit: UNIT_METER", "deeper { level: HIGH }",
  ]

  /// What our own JSON says of it, by the rules of proto3.
  private static let jsonParts = [
    "\"anInt64\":\"-9223372036854775808\"", "\"maybeNumber\":0", "\"maybeText\":\"\"",
    "\"colors\":[\"COLOR_RED\",\"COLOR_GREY\",77]",
    "{\"name\":\"nail\",\"count\":\"1\"}", "\"madeAt\":\"2023-11-14T22:13:20.500Z\"", "\"lasts\":\"-3.000000001s\"",
    "\"wrapped\":\"0\"", "\"someBytes\":\"AP8K\"", "\"byItem\":{\"name\":\"chosen\"}", "\"Type\":\"kind\"",
  ]
}
