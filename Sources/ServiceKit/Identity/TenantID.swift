public import Postgres

/// Which tenant's rows a call may see. Made from verified claims, or by a process of ours for its own work.
public struct TenantID: Sendable, Hashable, CustomStringConvertible {
  public let uuid: UUID

  public init(_ uuid: UUID) {
    self.uuid = uuid
  }

  /// `nil` for what is not a UUID.
  public init?(_ text: String) {
    guard let uuid = UUID(text) else { return nil }
    self.uuid = uuid
  }

  public var description: String { uuid.description }
}
