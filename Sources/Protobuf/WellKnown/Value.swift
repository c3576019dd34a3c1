public import CWellKnown

/// Any JSON value, `google.protobuf.Value`.
public indirect enum Value: Message {
  public typealias Storage = Google__Protobuf__Value

  /// No kind is set: not valid in JSON, and what an empty message on the wire means.
  case unset
  case null
  case number(Double)
  case string(String)
  case bool(Bool)
  case object(Struct)
  case list(ListValue)

  public init() { self = .unset }

  public init(_ storage: UnsafePointer<Storage>) {
    switch storage.pointee.kind_case {
    case GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE: self = .null
    case GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE: self = .number(storage.pointee.number_value)
    case GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE: self = .string(String(storage: storage.pointee.string_value))
    case GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE: self = .bool(storage.pointee.bool_value != 0)
    case GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE:
      self = .object(Struct(storage: storage.pointee.struct_value) ?? Struct())
    case GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE:
      self = .list(ListValue(storage: storage.pointee.list_value) ?? ListValue())
    default: self = .unset
    }
  }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    switch self {
    case .unset:
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET
    case .null:
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE
      storage.pointee.null_value = GOOGLE__PROTOBUF__NULL_VALUE__NULL_VALUE
    case .number(let number):
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE
      storage.pointee.number_value = number
    case .string(let string):
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE
      storage.pointee.string_value = arena.store(string)
    case .bool(let flag):
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE
      storage.pointee.bool_value = flag ? 1 : 0
    case .object(let object):
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE
      storage.pointee.struct_value = arena.store(object)
    case .list(let list):
      storage.pointee.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE
      storage.pointee.list_value = arena.store(list)
    }
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Value", descriptor: .of(google__protobuf__value__init),
    fields: [
      FieldSchema(name: "null_value", jsonName: "nullValue", type: .enumeration { NullValue.schema }, oneof: "kind"),
      FieldSchema(name: "number_value", jsonName: "numberValue", oneof: "kind"),
      FieldSchema(name: "string_value", jsonName: "stringValue", oneof: "kind"),
      FieldSchema(name: "bool_value", jsonName: "boolValue", oneof: "kind"),
      FieldSchema(name: "struct_value", jsonName: "structValue", type: .message { Struct.schema }, oneof: "kind"),
      FieldSchema(name: "list_value", jsonName: "listValue", type: .message { ListValue.schema }, oneof: "kind"),
    ])
}

/// A JSON array, `google.protobuf.ListValue`.
public struct ListValue: Message {
  public typealias Storage = Google__Protobuf__ListValue

  public var values: [Value]

  public init() { self.init(values: []) }

  public init(values: [Value]) {
    self.values = values
  }

  public init(_ storage: UnsafePointer<Storage>) {
    values = [Value](storage: storage.pointee.values, count: storage.pointee.n_values)
  }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    (storage.pointee.values, storage.pointee.n_values) = arena.store(values)
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.ListValue", descriptor: .of(google__protobuf__list_value__init),
    fields: [FieldSchema(name: "values", jsonName: "values", type: .message { Value.schema })])
}
