public import Postgres

/// How many rows a list has: `SELECT count(*) AS total`.
public struct Total: Record {
  public var total: Int64 = 0

  public init() {}

  public mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
    try field("total", &total)
  }
}
