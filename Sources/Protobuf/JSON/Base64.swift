/// RFC 4648's base 64, the standard and the URL alphabet; padding is written and accepted, not required.
public enum Base64 {
  private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    values[Int(UInt8(ascii: "-"))] = 62
    values[Int(UInt8(ascii: "_"))] = 63
    return values
  }()

  public static func encode(_ bytes: some Collection<UInt8>, into output: inout [UInt8], padding: Bool = true) {
    let isDone: Void? = bytes.withContiguousStorageIfAvailable {
      encode(contiguous: $0, into: &output, padding: padding)
    }
    if isDone == nil {
      Array(bytes).withUnsafeBufferPointer { encode(contiguous: $0, into: &output, padding: padding) }
    }
  }

  private static func encode(contiguous bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt8], padding: Bool) {
    output.reserveCapacity(output.count + (bytes.count + 2) / 3 * 4)
    var iterator = bytes.makeIterator()
    while let first = iterator.next() {
      let second = iterator.next()
      let third = second == nil ? nil : iterator.next()
      let word = UInt32(first) << 16 | UInt32(second ?? 0) << 8 | UInt32(third ?? 0)
      output.append(alphabet[Int(word >> 18)])
      output.append(alphabet[Int(word >> 12 & 63)])
      if second != nil { output.append(alphabet[Int(word >> 6 & 63)]) } else if padding { output.append(0x3d) }
      if third != nil { output.append(alphabet[Int(word & 63)]) } else if padding { output.append(0x3d) }
    }
  }

  /// `nil` when the text is not base 64.
  public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    if let output = text.withContiguousStorageIfAvailable({ decode(contiguous: $0) }) { return output }
    return Array(text).withUnsafeBufferPointer { decode(contiguous: $0) }
  }

  private static func decode(contiguous text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(text.count * 3 / 4)
    var word: UInt32 = 0
    var bits = 0
    var padding = 0
    for character in text {
      if character == 0x3d {
        padding += 1
        continue
      }
      let value = values[Int(character)]
      guard value != 255, padding == 0 else { return nil }
      word = word << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        output.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    guard bits < 6, padding <= 2, padding == 0 || (text.count % 4 == 0) else { return nil }
    return output
  }
}
