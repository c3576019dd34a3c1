public import Postgres

/// A row of some tenant, as the functions tell it that look at several tenants.
public struct TenantRow: Record {
  public var tenant = TenantID(UUID(high: 0, low: 0))
  public var id = UUID(high: 0, low: 0)

  public init() {}

  public mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("tenant_id", &tenant)
    try field("row_id", &id)
  }
}

extension TenantID: PostgresConvertible {
  public init?(stored: UUID) { self.init(stored) }
  public var stored: UUID { uuid }
}

extension Role: PostgresConvertible {}
