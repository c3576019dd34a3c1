extension HTTPRequestHead {
  /// Brings the path into its normal form, so that two spellings of one resource are one path (RFC 3986 section 6.2.2): what need not
  /// be percent-encoded is decoded, once; other escapes are spelt with capitals and stay data (`%2F` is no slash); dot segments are
  /// resolved.
  /// - Throws: 400 for a `%` that no two hexadecimal digits follow.
  mutating func normalizePath() throws(ErrorAnswer) {
    guard needsNormalizing else { return }
    guard let decoded = PathNormalization.decodeUnreserved(bytes[path.indices]) else {
      throw .validation("The path has a % that no two hexadecimal digits follow")
    }
    let start = UInt32(bytes.count)
    PathNormalization.removeDotSegments(decoded, into: &bytes)
    path = ByteRange(start: start, end: UInt32(bytes.count))
  }

  /// Most paths have neither an escape nor a segment that begins with a dot.
  private var needsNormalizing: Bool {
    var previous: UInt8 = 0
    for byte in bytes[path.indices] {
      if byte == ASCII.percent || byte == ASCII.dot && previous == ASCII.slash { return true }
      previous = byte
    }
    return false
  }
}

/// The steps of RFC 3986 section 6.2.2.
enum PathNormalization {
  /// Nil when an escape is broken.
  static func decodeUnreserved(_ path: ArraySlice<UInt8>) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(path.count)
    var index = path.startIndex
    while index < path.endIndex {
      guard path[index] == ASCII.percent else {
        decoded.append(path[index])
        index += 1
        continue
      }
      guard index + 2 < path.endIndex, let high = ASCII.hexadecimal(path[index + 1]),
        let low = ASCII.hexadecimal(path[index + 2])
      else { return nil }
      let byte = high << 4 | low
      if ASCIISet.unreserved.contains(byte) {
        decoded.append(byte)
      } else {
        decoded.append(ASCII.percent)
        decoded.append(ASCII.capitalHexadecimalDigit(high))
        decoded.append(ASCII.capitalHexadecimalDigit(low))
      }
      index += 3
    }
    return decoded
  }

  /// Appends the path without `.` and `..` (RFC 3986 section 5.2.4). What would lead above the root stays at the root.
  static func removeDotSegments(_ path: [UInt8], into output: inout [UInt8]) {
    guard path.first == ASCII.slash else { return output.append(contentsOf: path) }
    var segments: [ArraySlice<UInt8>] = []
    let all = path.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false)
    for (index, segment) in all.enumerated() {
      let isLast = index == all.count - 1
      if segment.elementsEqual(".".utf8) {
        if isLast { segments.append([]) }
      } else if segment.elementsEqual("..".utf8) {
        if !segments.isEmpty { segments.removeLast() }
        if isLast { segments.append([]) }
      } else {
        segments.append(segment)
      }
    }
    if segments.isEmpty { output.append(ASCII.slash) }
    for segment in segments {
      output.append(ASCII.slash)
      output.append(contentsOf: segment)
    }
  }
}
