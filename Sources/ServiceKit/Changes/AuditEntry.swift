public import Protobuf

/// One line of the audit trail: what was done to which object. Who, when and for which request stands in the `Principal`.
public struct AuditEntry: Sendable {
  /// Lower-case words with dots: `subscription.created`.
  public let event: String
  /// The id of what it is about.
  public let object: String
  /// What a person who reads the trail needs to know, as a JSON object; no personal data.
  let detail: String

  /// Bytes of an object's id that are kept.
  static let longestObject = 100

  /// - Parameter detail: flat values.
  public init(_ event: String, object: String, detail: [String: Value] = [:]) {
    self.event = event
    self.object = object.bounded(toByteCount: Self.longestObject)
    // What is told is flat and small: it always has a JSON form.
    let json = try? Struct(fields: detail).json()
    self.detail = json.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  /// A super admin looked into a tenant that is not its own.
  static func crossing(_ operation: String, object: String) -> AuditEntry {
    AuditEntry("tenant.read", object: object, detail: ["method": .string(operation)])
  }
}
