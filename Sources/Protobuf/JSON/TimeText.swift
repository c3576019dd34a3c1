/// The texts of times and durations in JSON.
public enum TimeText {
  /// The first second after year 9999.
  static let secondsEnd: Int64 = 253_402_300_800
  /// The first second of year 1.
  static let secondsStart: Int64 = -62_135_596_800
  static let longestDuration: Int64 = 315_576_000_000

  /// Whether the time is one that `google/protobuf/timestamp.proto` allows.
  static func isValid(_ time: Timestamp) -> Bool {
    (secondsStart..<secondsEnd).contains(time.seconds) && (0..<1_000_000_000).contains(time.nanos)
  }

  /// Whether the duration is one that `google/protobuf/duration.proto` allows.
  static func isValid(_ duration: ProtoDuration) -> Bool {
    duration.seconds.magnitude <= UInt64(longestDuration) && duration.nanos.magnitude < 1_000_000_000
      && (duration.seconds == 0 || duration.nanos == 0 || (duration.seconds < 0) == (duration.nanos < 0))
  }

  /// RFC 3339 with `Z`; the fraction has as many digits as needed, in threes, or none at all when `wholeSeconds`.
  /// Answers false for a time outside of years 1 to 9999.
  public static func append(_ time: Timestamp, to output: inout [UInt8], wholeSeconds: Bool = false) -> Bool {
    guard isValid(time) else { return false }
    var (days, second) = time.seconds.quotientAndRemainder(dividingBy: 86_400)
    if second < 0 {
      second += 86_400
      days -= 1
    }
    let (year, month, day) = civil(days: days)
    appendDigits(year, 4, to: &output)
    output.append(0x2d)
    appendDigits(month, 2, to: &output)
    output.append(0x2d)
    appendDigits(day, 2, to: &output)
    output.append(0x54)
    appendDigits(second / 3600, 2, to: &output)
    output.append(0x3a)
    appendDigits(second / 60 % 60, 2, to: &output)
    output.append(0x3a)
    appendDigits(second % 60, 2, to: &output)
    if !wholeSeconds { appendFraction(time.nanos, to: &output) }
    output.append(0x5a)
    return true
  }

  /// Reads RFC 3339: `2025-11-24T10:30:00Z`, with up to nine decimals and with `Z` or an offset.
  public static func timestamp(_ text: some Collection<UInt8>) -> Timestamp? {
    var reader = DigitReader(Array(text))
    guard let year = reader.digits(4), reader.accept(0x2d), let month = reader.digits(2), reader.accept(0x2d),
      let day = reader.digits(2), reader.accept(0x54), let hour = reader.digits(2), reader.accept(0x3a),
      let minute = reader.digits(2), reader.accept(0x3a), let second = reader.digits(2),
      year >= 1, (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year), hour < 24, minute < 60,
      second < 60,
      let nanos = reader.fraction(), let offset = reader.offset(), reader.isAtEnd
    else { return nil }
    let seconds =
      daysSinceEpoch(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    guard (secondsStart..<secondsEnd).contains(seconds) else { return nil }
    return Timestamp(seconds: seconds, nanos: nanos)
  }

  /// `1.5s`.
  static func append(_ duration: ProtoDuration, to output: inout [UInt8]) -> Bool {
    guard isValid(duration) else { return false }
    let (seconds, nanos) = (duration.seconds, duration.nanos)
    if seconds < 0 || nanos < 0 { output.append(0x2d) }
    output.append(contentsOf: String(seconds.magnitude).utf8)
    appendFraction(Int32(nanos.magnitude), to: &output)
    output.append(0x73)
    return true
  }

  static func duration(_ text: some Collection<UInt8>) -> ProtoDuration? {
    var reader = DigitReader(Array(text))
    let negative = reader.accept(0x2d)
    guard let seconds = reader.number(), seconds <= longestDuration, let nanos = reader.fraction(), reader.accept(0x73),
      reader.isAtEnd
    else { return nil }
    return ProtoDuration(seconds: negative ? -seconds : seconds, nanos: negative ? -nanos : nanos)
  }

  private static func appendDigits(_ number: Int64, _ count: Int, to output: inout [UInt8]) {
    var divisor: Int64 = count == 4 ? 1000 : 10
    while divisor > 0 {
      output.append(UInt8(truncatingIfNeeded: 0x30 + number / divisor % 10))
      divisor /= 10
    }
  }

  private static func appendFraction(_ nanos: Int32, to output: inout [UInt8]) {
    guard nanos > 0 else { return }
    output.append(0x2e)
    let count = nanos % 1_000_000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9
    var divisor: Int32 = 100_000_000
    for _ in 0..<count {
      output.append(UInt8(truncatingIfNeeded: 0x30 + nanos / divisor % 10))
      divisor /= 10
    }
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar: years begin in March, so that leap days come last.
  public static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  public static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  public static func daysIn(month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// Reads fixed shapes of digits.
private struct DigitReader {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { index == bytes.count }

  private var digit: UInt8? {
    index < bytes.count && bytes[index] >= 0x30 && bytes[index] <= 0x39 ? bytes[index] - 0x30 : nil
  }

  mutating func accept(_ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  mutating func digits(_ count: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<count {
      guard let digit else { return nil }
      value = value * 10 + Int64(digit)
      index += 1
    }
    return value
  }

  /// One to fifteen digits.
  mutating func number() -> Int64? {
    let start = index
    var value: Int64 = 0
    while let digit {
      guard index - start < 15 else { return nil }
      value = value * 10 + Int64(digit)
      index += 1
    }
    return index > start ? value : nil
  }

  /// Nanoseconds of an optional fraction; `nil` for one without digits or with more than nine.
  mutating func fraction() -> Int32? {
    guard accept(0x2e) else { return 0 }
    var nanos: Int32 = 0
    var count = 0
    while let digit {
      guard count < 9 else { return nil }
      nanos = nanos * 10 + Int32(digit)
      count += 1
      index += 1
    }
    guard count > 0 else { return nil }
    for _ in count..<9 { nanos *= 10 }
    return nanos
  }

  /// Seconds east of UTC.
  mutating func offset() -> Int64? {
    if accept(0x5a) { return 0 }
    let east = accept(0x2b)
    guard east || accept(0x2d), let hours = digits(2), accept(0x3a), let minutes = digits(2), hours < 24, minutes < 60
    else { return nil }
    return (east ? 1 : -1) * (hours * 3600 + minutes * 60)
  }
}
