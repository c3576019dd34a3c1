import Testing

@testable import RPC

@Suite("The assembler of messages")
struct MessageAssemblerTests {
  @Test("finds the same messages however the bytes are cut")
  func cuts() throws {
    let messages = [[], [1], [UInt8](repeating: 2, count: 300), [3, 4, 5], []] as [[UInt8]]
    let bytes = messages.flatMap { RawCall.frame($0) }
    for step in [1, 2, 3, 4, 5, 6, 7, 100, 305, bytes.count] {
      var assembler = MessageAssembler(maximumMessageBytes: 300)
      var found: [[UInt8]] = []
      for start in stride(from: 0, to: bytes.count, by: step) {
        Array(bytes[start..<min(start + step, bytes.count)]).withUnsafeBytes { assembler.append($0) }
        while let message = try assembler.next({ [UInt8]($0) }) { found.append(message) }
        if step % 2 == 0 { try assembler.check() }
      }
      #expect(found == messages, "cut by \(step)")
      #expect(assembler.isEmpty)
    }
  }

  @Test("says what is wrong as soon as the prefix is there")
  func wrong() {
    let prefixes: [([UInt8], StatusCode)] = [
      ([1, 0, 0, 0, 1], .internal), ([2, 0, 0, 0, 1], .internal), ([0, 0, 0, 1, 45], .resourceExhausted),
      ([0, 255, 255, 255, 255], .resourceExhausted),
    ]
    for (prefix, code) in prefixes {
      var assembler = MessageAssembler(maximumMessageBytes: 300)
      prefix.withUnsafeBytes { assembler.append($0) }
      let error = #expect(throws: RPCError.self) { try assembler.next { _ in } }
      #expect(error?.code == code)
    }
  }
}
