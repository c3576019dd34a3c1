/// What is wrong with the bytes of a string.
enum TextFault {
  case invalidUTF8
  case embeddedNUL
}

/// Checks that bytes are UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF) without U+0000; eight ASCII bytes a step.
func textFault(_ bytes: UnsafeRawBufferPointer) -> TextFault? {
  var index = 0
  let count = bytes.count
  while index < count {
    while index &+ 8 <= count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      // A high bit marks a byte beyond ASCII; the subtraction borrows into a high bit where a byte is zero.
      if (word | (word &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 != 0 { break }
      index &+= 8
    }
    guard index < count else { return nil }
    let lead = bytes[index]
    if lead < 0x80 {
      if lead == 0 { return .embeddedNUL }
      index &+= 1
      continue
    }
    let length: Int
    var range: ClosedRange<UInt8> = 0x80...0xbf
    switch lead {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, range) = (3, 0xa0...0xbf)
    case 0xe1...0xec, 0xee, 0xef: length = 3
    case 0xed: (length, range) = (3, 0x80...0x9f)
    case 0xf0: (length, range) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, range) = (4, 0x80...0x8f)
    default: return .invalidUTF8
    }
    guard index &+ length <= count, range.contains(bytes[index &+ 1]) else { return .invalidUTF8 }
    for offset in 2..<max(2, length) where bytes[index &+ offset] & 0xc0 != 0x80 { return .invalidUTF8 }
    index &+= length
  }
  return nil
}
