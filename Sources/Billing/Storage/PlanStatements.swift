internal import Postgres
internal import ServiceKit

/// SQL about plans. Row-level security narrows every one of them to the tenant of the transaction.
enum PlanStatements {
  struct Key: Record {
    var id = ""

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("id", &id)
    }
  }

  /// What to list.
  struct Filter: Record {
    var active: Bool?
    var limit: Int64 = 0
    var offset: Int64 = 0

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("active", &active)
      try field("limit", &limit)
      try field("offset", &offset)
    }
  }

  private static let findByKey = DeclaredStatement<Key, PlanRow>("SELECT {columns} FROM billing.plans WHERE id = :id")
  private static let lockByKey = DeclaredStatement<Key, PlanRow>(
    "SELECT {columns} FROM billing.plans WHERE id = :id FOR UPDATE")
  private static let listFiltered = DeclaredStatement<Filter, PlanRow>(
    """
    SELECT {columns} FROM billing.plans WHERE :active::boolean IS NULL OR active = :active
    ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
    """)
  private static let countFiltered = DeclaredStatement<Filter, Total>(
    "SELECT count(*) AS total FROM billing.plans WHERE :active::boolean IS NULL OR active = :active")
  static let insert = DeclaredStatement<PlanRow, NoFields>("INSERT INTO billing.plans ({names}) VALUES ({values})")
  static let update = DeclaredStatement<PlanRow, NoFields>("UPDATE billing.plans SET {changes} WHERE id = :id")

  static let all: [any AnyDeclaredStatement] = [findByKey, lockByKey, listFiltered, countFiltered, insert, update]

  static func find(_ id: String) -> Statement { findByKey(Key(id: id)) }

  /// The row, until the transaction ends nobody else's to change.
  static func lock(_ id: String) -> Statement { lockByKey(Key(id: id)) }

  static func list(active: Bool?, _ page: Page) -> Statement {
    listFiltered(Filter(active: active, limit: Int64(page.limit), offset: page.offset))
  }

  static func count(active: Bool?) -> Statement { countFiltered(Filter(active: active)) }
}
