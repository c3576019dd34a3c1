public import CWellKnown

// google/protobuf/wrappers.proto: a scalar that may be absent.

/// `google.protobuf.DoubleValue`.
public struct DoubleValue: Message {
  public typealias Storage = Google__Protobuf__DoubleValue

  public var value: Double

  public init() { value = 0 }
  public init(_ value: Double) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.DoubleValue", descriptor: .of(google__protobuf__double_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.FloatValue`.
public struct FloatValue: Message {
  public typealias Storage = Google__Protobuf__FloatValue

  public var value: Float

  public init() { value = 0 }
  public init(_ value: Float) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.FloatValue", descriptor: .of(google__protobuf__float_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.Int64Value`.
public struct Int64Value: Message {
  public typealias Storage = Google__Protobuf__Int64Value

  public var value: Int64

  public init() { value = 0 }
  public init(_ value: Int64) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Int64Value", descriptor: .of(google__protobuf__int64_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.UInt64Value`.
public struct UInt64Value: Message {
  public typealias Storage = Google__Protobuf__UInt64Value

  public var value: UInt64

  public init() { value = 0 }
  public init(_ value: UInt64) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.UInt64Value", descriptor: .of(google__protobuf__uint64_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.Int32Value`.
public struct Int32Value: Message {
  public typealias Storage = Google__Protobuf__Int32Value

  public var value: Int32

  public init() { value = 0 }
  public init(_ value: Int32) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Int32Value", descriptor: .of(google__protobuf__int32_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.UInt32Value`.
public struct UInt32Value: Message {
  public typealias Storage = Google__Protobuf__UInt32Value

  public var value: UInt32

  public init() { value = 0 }
  public init(_ value: UInt32) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.UInt32Value", descriptor: .of(google__protobuf__uint32_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.BoolValue`.
public struct BoolValue: Message {
  public typealias Storage = Google__Protobuf__BoolValue

  public var value: Bool

  public init() { value = false }
  public init(_ value: Bool) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = storage.pointee.value != 0 }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = value ? 1 : 0
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.BoolValue", descriptor: .of(google__protobuf__bool_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.StringValue`.
public struct StringValue: Message {
  public typealias Storage = Google__Protobuf__StringValue

  public var value: String

  public init() { value = "" }
  public init(_ value: String) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = String(storage: storage.pointee.value) }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = arena.store(value)
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.StringValue", descriptor: .of(google__protobuf__string_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}

/// `google.protobuf.BytesValue`.
public struct BytesValue: Message {
  public typealias Storage = Google__Protobuf__BytesValue

  public var value: [UInt8]

  public init() { value = [] }
  public init(_ value: [UInt8]) { self.value = value }
  public init(_ storage: UnsafePointer<Storage>) { value = [UInt8](storage: storage.pointee.value) }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.value = arena.store(value)
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.BytesValue", descriptor: .of(google__protobuf__bytes_value__init),
    fields: [FieldSchema(name: "value", jsonName: "value")])
}
