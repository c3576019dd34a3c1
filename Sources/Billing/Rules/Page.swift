internal import Protobuf
internal import Schema
internal import ServiceKit

/// Which part of a list is asked for.
struct Page {
  let number: Int32
  let limit: Int32

  static let defaultLimit: Int32 = 20
  static let longestLimit: Int32 = 100
  static let lastNumber: Int32 = 1_000_000

  /// - Throws: 400 naming `page` or `limit`.
  init(page: Int32Value?, limit: Int32Value?) throws(ServiceError) {
    number = page?.value ?? 1
    self.limit = limit?.value ?? Self.defaultLimit
    guard (1...Self.lastNumber).contains(number) else {
      throw .validation("page: expected 1 to \(Self.lastNumber)", field: "page")
    }
    guard (1...Self.longestLimit).contains(self.limit) else {
      throw .validation("limit: expected 1 to \(Self.longestLimit)", field: "limit")
    }
  }

  var offset: Int64 { Int64(number - 1) * Int64(limit) }

  func pagination(total: Int64) -> CommonV1.Pagination {
    let size = Int64(limit)
    let pages: Int64 = (total + size - 1) / size
    return CommonV1.Pagination(
      page: number, limit: limit, total: Int32(clamping: total), totalPages: Int32(clamping: pages))
  }
}

/// The days or times between which something happened: a day counts from its beginning to its end in UTC, a time exactly.
struct DateRange {
  /// From this moment on.
  let start: WallTime?
  /// Before this moment.
  let end: WallTime?

  init(startDate: String, endDate: String) throws(ServiceError) {
    start = try Self.moment(startDate, field: "startDate", isEnd: false)
    end = try Self.moment(endDate, field: "endDate", isEnd: true)
    if let start, let end, start >= end {
      throw .validation("endDate: expected a day or time that is not before startDate", field: "endDate")
    }
  }

  private static func moment(_ text: String, field: String, isEnd: Bool) throws(ServiceError) -> WallTime? {
    guard !text.isEmpty else { return nil }
    let isDay = text.utf8.count == 10
    guard let timestamp = TimeText.timestamp(Array((isDay ? text + "T00:00:00Z" : text).utf8)) else {
      throw .validation(
        "\(field): expected a day such as 2025-11-01 or a time such as 2025-11-01T10:30:00Z", field: field)
    }
    let time = WallTime(microseconds: timestamp.seconds * 1_000_000 + Int64(timestamp.nanos) / 1000)
    guard isEnd else { return time }
    return time.advanced(by: isDay ? .seconds(86_400) : .microseconds(1))
  }
}
