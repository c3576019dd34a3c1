/// Puts one line of valid JSON on as many lines as a reader likes.
enum JSONLayout {
  static func indented(_ json: [UInt8]) -> String {
    var output: [UInt8] = []
    var depth = 0
    var isInString = false
    var isEscaped = false
    func newLine() {
      output.append(UInt8(ascii: "\n"))
      output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
    for (index, byte) in json.enumerated() {
      if isInString {
        output.append(byte)
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        output.append(byte)
        let next = index + 1 < json.count ? json[index + 1] : 0
        if next != UInt8(ascii: "}"), next != UInt8(ascii: "]") {
          depth += 1
          newLine()
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        let last = json[index - 1]
        if last != UInt8(ascii: "{"), last != UInt8(ascii: "[") {
          depth -= 1
          newLine()
        }
        output.append(byte)
      case UInt8(ascii: ","):
        output.append(byte)
        newLine()
      case UInt8(ascii: ":"):
        output.append(contentsOf: ": ".utf8)
      default:
        output.append(byte)
        isInString = byte == UInt8(ascii: "\"")
      }
    }
    return String(decoding: output, as: UTF8.self)
  }
}
