internal import Protobuf

/// The days or times between which something happened: a day counts from its beginning to its end in UTC, a time as precisely as it is
/// shown, so that a row is found by the time it shows.
public struct DateRange: Sendable {
  /// From this moment on.
  public let start: WallTime?
  /// Before this moment.
  public let end: WallTime?

  /// - Throws: 400 naming `startDate` or `endDate`.
  public init(startDate: String, endDate: String) throws(ServiceError) {
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
    return time.advanced(by: isDay ? .seconds(86_400) : precision(of: text))
  }

  /// What the last written digit of a time stands for: whole seconds cover the second, milliseconds the millisecond.
  private static func precision(of text: String) -> Duration {
    guard let point = text.utf8.lastIndex(of: UInt8(ascii: ".")) else { return .seconds(1) }
    let digits = text.utf8[text.utf8.index(after: point)...].prefix { (0x30...0x39).contains($0) }.count
    return .microseconds((0..<max(0, 6 - digits)).reduce(1) { value, _ in value * 10 })
  }
}
