public import Protobuf
public import Schema

/// Which part of a list is asked for.
public struct Page: Sendable {
  public let number: Int32
  public let limit: Int32

  static let defaultLimit: Int32 = 20
  static let longestLimit: Int32 = 100
  static let lastNumber: Int32 = 1_000_000

  /// - Throws: 400 naming `page` or `limit`.
  public init(page: Int32Value?, limit: Int32Value?) throws(ServiceError) {
    number = page?.value ?? 1
    self.limit = limit?.value ?? Self.defaultLimit
    guard (1...Self.lastNumber).contains(number) else {
      throw .validation("page: expected 1 to \(Self.lastNumber)", field: "page")
    }
    guard (1...Self.longestLimit).contains(self.limit) else {
      throw .validation("limit: expected 1 to \(Self.longestLimit)", field: "limit")
    }
  }

  /// Rows before it.
  public var offset: Int64 { Int64(number - 1) * Int64(limit) }

  /// What the reply says of the list.
  public func pagination(total: Int64) -> CommonV1.Pagination {
    let size = Int64(limit)
    let pages: Int64 = (total + size - 1) / size
    return CommonV1.Pagination(
      page: number, limit: limit, total: Int32(clamping: total), totalPages: Int32(clamping: pages))
  }
}
