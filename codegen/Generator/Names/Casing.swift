/// Changes between the spellings of names: `tenant_id`, `tenantID`, `TENANT_ID`.
enum Casing {
  /// Words that stay in capitals when they are not the first one.
  private static let acronyms: Set<String> = ["id", "url", "http", "https"]

  /// `tenant_id` → `tenantID`, `listServices` → `listServices`.
  static func lowerCamel(_ name: String) -> String {
    var result = ""
    for word in words(name) {
      if result.isEmpty {
        result = word.lowercased()
      } else if acronyms.contains(word.lowercased()) {
        result += word.uppercased()
      } else {
        result += capitalized(word.lowercased())
      }
    }
    return result.isEmpty ? name : result
  }

  /// `currency_code` → `currencyCode`, as protobuf's JSON spells field names.
  static func lowerCamelJSON(_ name: String) -> String {
    let parts = name.split(separator: "_")
    guard let first = parts.first else { return name }
    return first + parts.dropFirst().map { capitalized(String($0)) }.joined()
  }

  /// `message_request` → `MessageRequest`.
  static func upperCamel(_ name: String) -> String {
    capitalized(lowerCamel(name))
  }

  /// `SubscriptionStatus` → `SUBSCRIPTION_STATUS`.
  static func upperSnake(_ name: String) -> String {
    words(name).map { $0.uppercased() }.joined(separator: "_")
  }

  /// Upper-cases the first letter only.
  static func capitalized(_ word: String) -> String {
    guard let first = word.first else { return word }
    return first.uppercased() + word.dropFirst()
  }

  /// Lower-cases the first word of a method name: `GetPlan` → `getPlan`, `HTTPCheck` → `httpCheck`.
  static func lowerFirst(_ name: String) -> String {
    guard name.contains("_") else {
      let parts = words(name)
      guard let first = parts.first else { return name }
      return first.lowercased() + name.dropFirst(first.count)
    }
    return lowerCamel(name)
  }

  /// The words of a snake-case or camel-case name. A run of capitals is one word, its last letter begins the next:
  /// `HTTPCheck` → `HTTP`, `Check`. Digits stay with the word before them.
  static func words(_ name: String) -> [String] {
    var result: [String] = []
    var word = ""
    let letters = Array(name)
    for (index, letter) in letters.enumerated() {
      if letter == "_" || letter == "-" || letter == "." {
        if !word.isEmpty { result.append(word) }
        word = ""
        continue
      }
      if letter.isUppercase, let last = word.last {
        let nextIsLower = index + 1 < letters.count && letters[index + 1].isLowercase
        if !last.isUppercase || nextIsLower {
          result.append(word)
          word = ""
        }
      }
      word.append(letter)
    }
    if !word.isEmpty { result.append(word) }
    return result
  }

  /// Whether a word may stand as a Swift identifier.
  static func isIdentifier(_ word: String) -> Bool {
    guard let first = word.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return word.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
  }
}
