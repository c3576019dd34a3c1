public import CWellKnown

/// A length of time, `google.protobuf.Duration`; named so beside Swift's own `Duration`.
public struct ProtoDuration: Message {
  public typealias Storage = Google__Protobuf__Duration

  /// From -315,576,000,000 to 315,576,000,000 (10,000 years).
  public var seconds: Int64
  /// From -999,999,999 to 999,999,999, with the sign of `seconds`.
  public var nanos: Int32

  public init() { self.init(seconds: 0) }

  public init(seconds: Int64, nanos: Int32 = 0) {
    self.seconds = seconds
    self.nanos = nanos
  }

  public init(_ storage: UnsafePointer<Storage>) {
    seconds = storage.pointee.seconds
    nanos = storage.pointee.nanos
  }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    storage.pointee.seconds = seconds
    storage.pointee.nanos = nanos
  }

  /// As Swift's own type.
  public var duration: Duration { .seconds(seconds) + .nanoseconds(Int64(nanos)) }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Duration", descriptor: .of(google__protobuf__duration__init),
    fields: [FieldSchema(name: "seconds", jsonName: "seconds"), FieldSchema(name: "nanos", jsonName: "nanos")])
}
