import Protobuf
import Testing

@Suite("Bytes that are refused")
struct WireRefusalTests {
  private func decoding(_ bytes: [UInt8], limits: DecodingLimits = DecodingLimits()) -> ProtobufError? {
    do throws(ProtobufError) {
      _ = try Everything(serialized: bytes, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  /// A length-delimited field.
  private func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(content.count) + content
  }

  private func varint(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  @Test("strings that are not UTF-8, by every way to be wrong")
  func utf8() {
    let wrong: [[UInt8]] = [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xc3], [0xe2, 0x82], [0xc3, 0x28],
      Array("twelve bytes".utf8) + [0x80],
    ]
    for bytes in wrong {
      #expect(decoding(field(14, bytes)) == .invalidUTF8(path: "string_field"), "\(bytes)")
      #expect(decoding(field(17, field(1, bytes))) == .invalidUTF8(path: "leaf.name"), "\(bytes)")
    }
  }

  @Test("U+0000 in a string, which C would take for its end")
  func embeddedNUL() {
    #expect(decoding(field(14, Array("a\0b".utf8))) == .embeddedNUL(path: "string_field"))
    #expect(decoding(field(51, field(1, [0]))) == .embeddedNUL(path: "words.key"))
    #expect(throws: ProtobufError.embeddedNUL(path: "")) { try Everything(stringField: "a\0b").serialized() }
  }

  @Test("nesting beyond the limit")
  func depth() {
    var leaf: [UInt8] = []
    for _ in 0..<62 { leaf = field(3, leaf) }
    #expect(decoding(field(17, leaf)) == nil)
    leaf = field(3, leaf)
    guard case .tooDeep(_, limit: 64)? = decoding(field(17, leaf)) else {
      Issue.record("65 levels were accepted")
      return
    }
    for _ in 0..<20_000 { leaf = field(3, leaf) }
    #expect(decoding(field(17, leaf)) != nil)
  }

  @Test("lengths that lie, groups, tag 0, truncation at every byte")
  func malformed() throws {
    #expect(decoding([0x72, 0xff, 0xff, 0xff, 0xff, 0x0f]) != nil)
    #expect(decoding([0x72, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]) != nil)
    #expect(decoding([0x00]) != nil)
    #expect(decoding([0x1b, 0x1c]) != nil)
    #expect(decoding([0x18]) != nil)
    #expect(decoding([0x18] + [UInt8](repeating: 0x80, count: 11)) != nil)
    var random = RandomMessages(seed: 1)
    let bytes = try random.everything().serialized()
    for count in 0..<bytes.count { _ = decoding(Array(bytes.prefix(count))) }
  }

  @Test("more bytes or more memory than allowed")
  func size() {
    var limits = DecodingLimits()
    limits.maximumBytes = 8
    #expect(decoding(field(14, Array("too long".utf8)), limits: limits) == .tooLarge(byteCount: 10, limit: 8))
    limits = DecodingLimits()
    limits.maximumMemory = 100_000
    // Each empty leaf takes two bytes on the wire and a struct in memory.
    let leaves = [[UInt8]](repeating: field(32, []), count: 10_000).flatMap { $0 }
    #expect(decoding(leaves, limits: limits) == .outOfMemory(limit: 100_000))
  }

  @Test("unknown fields pass unread")
  func unknownFields() throws {
    let bytes = try Everything(int32Field: 5).serialized() + varint(4000 << 3 | 0) + varint(7) + field(4001, [1, 2, 3])
    #expect(try Everything(serialized: bytes) == Everything(int32Field: 5))
  }
}
