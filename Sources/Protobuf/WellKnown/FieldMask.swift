public import CWellKnown

/// Names of fields, `google.protobuf.FieldMask`: which fields of a PATCH are meant.
public struct FieldMask: Message {
  public typealias Storage = Google__Protobuf__FieldMask

  /// Original (snake case) names; `a.b` is a field of a message field.
  public var paths: [String]

  public init() { self.init(paths: []) }

  public init(paths: [String]) {
    self.paths = paths
  }

  public init(_ storage: UnsafePointer<Storage>) {
    paths = [String](storage: storage.pointee.paths, count: storage.pointee.n_paths)
  }

  public func store(into storage: UnsafeMutablePointer<Storage>, arena: Arena) {
    (storage.pointee.paths, storage.pointee.n_paths) = arena.store(paths)
  }

  public static let schema: MessageSchema = MessageSchema(
    name: "google.protobuf.FieldMask", descriptor: .of(google__protobuf__field_mask__init),
    fields: [FieldSchema(name: "paths", jsonName: "paths")])
}
