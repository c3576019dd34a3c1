/// The messages of google.protobuf that the Protobuf library has as Swift values.
enum WellKnown {
  /// By package, then by message name: the Swift type.
  static let names: [String: [String: String]] = [
    "google.protobuf": [
      "Any": "AnyMessage",
      "BoolValue": "BoolValue",
      "BytesValue": "BytesValue",
      "DoubleValue": "DoubleValue",
      "Duration": "ProtoDuration",
      "Empty": "Empty",
      "FieldMask": "FieldMask",
      "FloatValue": "FloatValue",
      "Int32Value": "Int32Value",
      "Int64Value": "Int64Value",
      "ListValue": "ListValue",
      "NullValue": "NullValue",
      "StringValue": "StringValue",
      "Struct": "Struct",
      "Timestamp": "Timestamp",
      "UInt32Value": "UInt32Value",
      "UInt64Value": "UInt64Value",
      "Value": "Value",
    ]
  ]

  /// The Swift type of `google.protobuf.Timestamp`, or `nil` for a message of somebody else.
  static func swiftName(_ fullName: String) -> String? {
    guard let dot = fullName.lastIndex(of: ".") else { return nil }
    return names[String(fullName[..<dot])]?[String(fullName[fullName.index(after: dot)...])]
  }
}
