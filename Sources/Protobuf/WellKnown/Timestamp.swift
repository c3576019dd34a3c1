public import CWellKnown

/// A moment in UTC, `google.protobuf.Timestamp`: seconds since 1970-01-01T00:00:00Z and nanoseconds after that second.
public struct Timestamp: Message, Comparable {
  public typealias Storage = Google__Protobuf__Timestamp

  /// From -62135596800 (year 1) to 253402300799 (the end of year 9999).
  public var seconds: Int64
  /// From 0 to 999,999,999.
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

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanos) < (right.seconds, right.nanos)
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.Timestamp", descriptor: .of(google__protobuf__timestamp__init),
    fields: [FieldSchema(name: "seconds", jsonName: "seconds"), FieldSchema(name: "nanos", jsonName: "nanos")])
}
