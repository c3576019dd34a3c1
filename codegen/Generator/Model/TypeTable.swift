/// Finds messages and enums by their full names.
public struct TypeTable: Sendable {
  public private(set) var messages: [String: MessageModel] = [:]
  public private(set) var enums: [String: EnumModel] = [:]

  public init(_ files: [FileModel]) {
    for file in files {
      for entry in file.enums { enums[entry.fullName] = entry }
      for message in file.messages { add(message) }
    }
  }

  private mutating func add(_ message: MessageModel) {
    messages[message.fullName] = message
    for entry in message.enums { enums[entry.fullName] = entry }
    for nested in message.messages { add(nested) }
  }

  /// The entry type of a map field, or `nil` for any other field.
  public func mapEntry(_ field: FieldModel) -> MessageModel? {
    guard case .message(let name) = field.type, field.isRepeated, let message = messages[name], message.isMapEntry
    else {
      return nil
    }
    return message
  }

  /// Whether a value of `message` holds, by singular fields only, another value of its own type through `field`. Such a
  /// field needs a box in Swift.
  public func isRecursive(_ field: FieldModel, in message: MessageModel) -> Bool {
    guard case .message(let start) = field.type, !field.isRepeated else { return false }
    var seen: Set<String> = []
    var waiting = [start]
    while let name = waiting.popLast() {
      if name == message.fullName { return true }
      guard seen.insert(name).inserted, let found = messages[name] else { continue }
      for next in found.fields where !next.isRepeated {
        if case .message(let nextName) = next.type { waiting.append(nextName) }
      }
    }
    return false
  }
}
