/// The percent-encoding of `grpc-message`: printable ASCII but `%` stands for itself, every other byte of the UTF-8 text is `%XX`.
enum StatusMessage {
  /// Longer messages are cut: they travel as a header field, whose list is bounded on the other side.
  static let maximumByteCount = 2048

  private static let digits = [UInt8]("0123456789ABCDEF".utf8)

  /// Cuts between Unicode scalars, so that what arrives is UTF-8.
  static func encode(_ message: String) -> [UInt8] {
    var output: [UInt8] = []
    for scalar in message.unicodeScalars {
      let kept = output.count
      for byte in String(scalar).utf8 {
        if byte >= 0x20, byte <= 0x7e, byte != 0x25, byte != 0x20 || kept > 0 {
          output.append(byte)
        } else {
          escape(byte, to: &output)
        }
      }
      guard output.count <= maximumByteCount else {
        output.removeSubrange(kept...)
        break
      }
    }
    // A field's value must not begin or end with a space (RFC 9113 §8.2.1).
    while output.last == 0x20 {
      output.removeLast()
      guard output.count + 3 > maximumByteCount else {
        escape(0x20, to: &output)
        break
      }
    }
    return output
  }

  private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
    output.append(contentsOf: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
  }

  /// Never fails: what is not an escape stands for itself, what is not UTF-8 is replaced.
  static func decode(_ text: some Collection<UInt8>) -> String {
    let bytes = Array(text)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0x25, index + 2 < bytes.count, let high = digit(bytes[index + 1]),
        let low = digit(bytes[index + 2])
      {
        output.append(high << 4 | low)
        index += 3
      } else {
        output.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
