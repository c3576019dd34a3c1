public import Protobuf

/// Which fields a PATCH means.
public enum UpdateMask {
  /// - Throws: 400 when it names none, or one that cannot be changed.
  public static func fields(_ mask: FieldMask?, of allowed: Set<String>) throws(ServiceError) -> Set<String> {
    let named = Set(mask?.paths ?? [])
    guard !named.isEmpty else { throw .validation("The request names nothing to change") }
    if let stranger = named.subtracting(allowed).sorted().first {
      throw .validation("\(stranger): this field cannot be changed", field: stranger)
    }
    return named
  }
}
