/// Decodes percent-encoding (RFC 3986 section 2.1) and checks what comes out.
enum PercentEncoding {
  /// The text of a path segment, or of a query's name or value, where `+` also stands for a space.
  /// `nil` for a broken escape, for text that is not UTF-8, and for a NUL: no field of ours may hold one.
  static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
    decodeBytes(bytes, plusIsSpace: plusIsSpace).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// The same before it is known to be text; `nil` for a broken escape and for a NUL.
  static func decodeBytes(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
    guard bytes.contains(where: { $0 == 0x25 || ($0 == 0x2B && plusIsSpace) }) else { return Array(bytes) }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      if byte == 0x25 {
        guard
          index + 2 < bytes.endIndex, let high = ASCII.hexadecimal(bytes[index + 1]),
          let low = ASCII.hexadecimal(bytes[index + 2]), high | low != 0
        else { return nil }
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(byte == 0x2B && plusIsSpace ? ASCII.space : byte)
        index += 1
      }
    }
    return decoded
  }
}

/// The parameters of a query, in order.
struct QueryParameters {
  enum Problem: Error, Hashable {
    case malformed
    case duplicate(name: String)
    case tooMany(limit: Int)
  }

  private(set) var pairs: [(name: String, value: String)] = []

  /// Reads `a=1&b=2`. A name twice is refused: the edge and the service could read different ones.
  /// - Parameter limit: parameters allowed; nothing past them is looked at.
  init(_ bytes: ArraySlice<UInt8>, limit: Int) throws(Problem) {
    // By bytes: text that only looks the same is another name.
    var names: Set<[UInt8]> = []
    for part in bytes.split(separator: 0x26, maxSplits: limit) {
      guard pairs.count < limit else { throw .tooMany(limit: limit) }
      let equals = part.firstIndex(of: 0x3D) ?? part.endIndex
      guard
        let name = PercentEncoding.decode(part[..<equals], plusIsSpace: true), !name.isEmpty,
        let value = PercentEncoding.decode(part[equals...].dropFirst(), plusIsSpace: true)
      else { throw .malformed }
      guard names.insert(Array(name.utf8)).inserted else { throw .duplicate(name: name) }
      pairs.append((name, value))
    }
  }
}
