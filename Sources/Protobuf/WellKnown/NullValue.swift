/// `google.protobuf.NullValue`: JSON's `null`.
public enum NullValue: MessageEnum {
  case nullValue
  /// A value that this schema does not know.
  case unrecognized(Int32)

  public init() { self = .nullValue }

  public init(rawValue: Int32) { self = rawValue == 0 ? .nullValue : .unrecognized(rawValue) }

  public var rawValue: Int32 {
    switch self {
    case .nullValue: 0
    case .unrecognized(let value): value
    }
  }

  public static let schema: EnumSchema = EnumSchema(
    name: "google.protobuf.NullValue", values: [EnumValueSchema(name: "NULL_VALUE", number: 0)])
}
