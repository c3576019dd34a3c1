/// The names `protoc-c` gives, by the rules of protobuf-c 1.4 (`protoc-c/c_helpers.cc`).
enum CNames {
  /// `cloudbill.billing.v1.Subscription` → `Cloudbill__Billing__V1__Subscription`.
  static func type(_ fullName: String) -> String {
    fullName.split(separator: ".").map { camel(String($0)) }.joined(separator: "__")
  }

  /// `cloudbill.billing.v1.Subscription` → `cloudbill__billing__v1__subscription`, the prefix of its functions.
  static func function(_ fullName: String) -> String {
    fullName.split(separator: ".").map { lower(String($0)) }.joined(separator: "__")
  }

  /// The member of the C struct: lower case, an underscore behind a C or C++ keyword.
  static func member(_ field: String) -> String {
    let name = field.lowercased()
    return keywords.contains(name) ? name + "_" : name
  }

  /// The member that counts a repeated field.
  static func count(_ field: String) -> String { "n_" + member(field) }

  private static func camel(_ name: String) -> String {
    var result = ""
    var nextIsUpper = true
    for letter in name {
      if letter == "_" {
        nextIsUpper = true
      } else {
        result += nextIsUpper ? letter.uppercased() : String(letter)
        nextIsUpper = false
      }
    }
    return result
  }

  private static func lower(_ name: String) -> String {
    var result = ""
    var wasUpper = true
    for letter in name {
      if letter.isUppercase, !wasUpper { result += "_" }
      wasUpper = letter.isUppercase
      result += letter.lowercased()
    }
    return result
  }

  private static let keywords: Set<String> = [
    "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "class", "compl",
    "const",
    "const_cast", "continue", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "explicit", "extern",
    "false", "float", "for", "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "not",
    "not_eq", "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "return",
    "short", "signed", "sizeof", "static", "static_cast", "struct", "switch", "template", "this", "throw", "true",
    "try",
    "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while",
    "xor", "xor_eq",
  ]
}
