import Testing

@testable import Edge

@Suite("Character sets")
struct ASCIISetTests {
  private static let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

  @Test(
    "hold exactly the characters of their grammar",
    arguments: [
      (ASCIISet.token, "!#$%&'*+-.^_`|~"), (ASCIISet.path, "-._~%!$&'()*+,;=:@/"),
      (ASCIISet.query, "-._~%!$&'()*+,;=:@/?[]"), (ASCIISet.authority, "-._~:[]"), (ASCIISet.requestID, "-._"),
      (ASCIISet.unreserved, "-._~"),
    ])
  func exact(_ set: ASCIISet, _ punctuation: String) {
    let allowed = Set((Self.alphanumeric + punctuation).utf8)
    // The authority has digits, letters and its punctuation like the others.
    for byte in UInt8.min...UInt8.max { #expect(set.contains(byte) == allowed.contains(byte), "byte \(byte)") }
  }
}
