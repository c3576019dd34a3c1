internal import Glibc

/// The time of day as text, made once a second and shared by every answer of a loop.
struct WallClock {
  /// Seconds since 1970, UTC.
  private(set) var seconds: Int64 = .min
  /// RFC 3339, as the envelope's `timestamp` prints it: `2025-11-24T10:30:00Z`.
  private(set) var timestamp: [UInt8] = []
  /// RFC 9110 section 5.6.7, as the date field prints it: `Mon, 24 Nov 2025 10:30:00 GMT`.
  private(set) var date: [UInt8] = []

  init() {
    update()
  }

  /// Reads the clock and, when the second has changed, writes the texts anew.
  mutating func update() {
    set(seconds: Int64(time(nil)))
  }

  mutating func set(seconds: Int64) {
    guard seconds != self.seconds else { return }
    self.seconds = seconds
    let civil = CivilTime(secondsSince1970: seconds)
    timestamp.removeAll(keepingCapacity: true)
    timestamp.append(timestamp: civil)
    date.removeAll(keepingCapacity: true)
    date.append(fixedDate: civil)
  }
}

/// A second of the proleptic Gregorian calendar in UTC.
struct CivilTime: Hashable {
  var year, month, day, hour, minute, second: Int
  /// 0 is Sunday.
  var weekday: Int

  /// Counts days in 400-year eras that begin on 1 March, so that the leap day is the last of its year.
  init(secondsSince1970 seconds: Int64) {
    let days = Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400)
    let inDay = Int(seconds) - days * 86_400
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = inDay / 3600
    minute = inDay / 60 % 60
    second = inDay % 60
    weekday = ((days + 4) % 7 + 7) % 7
  }
}

extension [UInt8] {
  fileprivate mutating func append(timestamp time: CivilTime) {
    append(decimal: time.year, digits: 4)
    append("-")
    append(decimal: time.month, digits: 2)
    append("-")
    append(decimal: time.day, digits: 2)
    append("T")
    append(clock: time)
    append("Z")
  }

  fileprivate mutating func append(fixedDate time: CivilTime) {
    let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months: [StaticString] = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    append(weekdays[time.weekday])
    append(", ")
    append(decimal: time.day, digits: 2)
    append(" ")
    append(months[time.month - 1])
    append(" ")
    append(decimal: time.year, digits: 4)
    append(" ")
    append(clock: time)
    append(" GMT")
  }

  fileprivate mutating func append(clock time: CivilTime) {
    append(decimal: time.hour, digits: 2)
    append(":")
    append(decimal: time.minute, digits: 2)
    append(":")
    append(decimal: time.second, digits: 2)
  }
}
