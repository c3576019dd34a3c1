/// The fields every answer carries, whatever its status.
enum SecurityFields {
  /// An API answer is data for one caller: nothing may sniff, frame, cache or run it. `/docs` needs its own styles and
  /// nothing else, so one policy serves both.
  static let all: [(name: StaticString, value: StaticString)] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
  ]
}
