/// Messages that JSON writes in a way of their own.
enum WellKnownType: Sendable {
  case timestamp, duration, fieldMask, structure, value, listValue, any
  /// `Int64Value` and its siblings: written as the value in them.
  case wrapper

  init?(name: String) {
    guard name.hasPrefix("google.protobuf.") else { return nil }
    switch name.dropFirst("google.protobuf.".count) {
    case "Timestamp": self = .timestamp
    case "Duration": self = .duration
    case "FieldMask": self = .fieldMask
    case "Struct": self = .structure
    case "Value": self = .value
    case "ListValue": self = .listValue
    case "Any": self = .any
    case "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue",
      "StringValue",
      "BytesValue":
      self = .wrapper
    default: return nil
    }
  }
}
