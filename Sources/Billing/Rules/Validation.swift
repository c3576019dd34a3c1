internal import Postgres
internal import Protobuf
internal import Schema
internal import ServiceKit

/// Checks of single fields. Each throws the 400 that names the field and what was expected.
enum Validation {
  static let longestPlanID = 100
  static let longestName = 255
  static let longestDescription = 2000
  static let longestTrialDays: Int32 = 730
  static let longestMetadata = 16 * 1024

  static func currency(_ code: String) throws(ServiceError) {
    guard CurrencyCodes.all.contains(code) else {
      throw .validation("currency: expected an ISO 4217 code such as USD", field: "currency")
    }
  }

  static func amount(_ amount: Int64, field: String) throws(ServiceError) {
    guard amount >= 0 else { throw .validation("\(field): expected an amount of zero or more", field: field) }
  }

  static func text(_ text: String, field: String, _ length: ClosedRange<Int>) throws(ServiceError) {
    guard length.contains(text.unicodeScalars.count) else {
      throw .validation("\(field): expected \(length.lowerBound) to \(length.upperBound) characters", field: field)
    }
  }

  /// A plan's id in the catalogue.
  static func planID(_ id: String, field: String = "id") throws(ServiceError) {
    let allowed = id.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d }
    guard (1...longestPlanID).contains(id.utf8.count), allowed, id.utf8.first != 0x2d else {
      throw .validation("\(field): expected lower-case letters, digits and hyphens", field: field)
    }
  }

  static func trialDays(_ days: Int32) throws(ServiceError) {
    guard (0...longestTrialDays).contains(days) else {
      throw .validation("trialDays: expected 0 to \(longestTrialDays)", field: "trialDays")
    }
  }

  static func cycle(_ cycle: BillingV1.BillingCycle) throws(ServiceError) -> BillingV1.BillingCycle {
    guard cycle.spelling != nil else {
      throw .validation("billingCycle: expected monthly or yearly", field: "billingCycle")
    }
    return cycle
  }

  /// The status to list; nil for all.
  static func status(
    _ status: BillingV1.SubscriptionStatus
  ) throws(ServiceError) -> BillingV1.SubscriptionStatus? {
    guard status != .unspecified else { return nil }
    guard status.spelling != nil else {
      throw .validation("status: expected active, cancelled, expired, suspended or past_due", field: "status")
    }
    return status
  }

  static let metadataTooLong = ServiceError.validation(
    "metadata: expected an object of at most \(longestMetadata) bytes", field: "metadata")

  /// The JSON text of an object, bounded.
  static func metadata(_ metadata: Struct) throws(ServiceError) -> PostgresJSON {
    guard let json = try? metadata.json(), json.count <= longestMetadata else { throw metadataTooLong }
    return PostgresJSON(String(decoding: json, as: UTF8.self))
  }

  /// The id in a path. What cannot be an id names nothing.
  static func id(_ text: String, _ what: String) throws(ServiceError) -> UUID {
    guard let id = UUID(text) else { throw .notFound("\(what) not found") }
    return id
  }

  /// The id of a user in a field; nil for an empty one.
  static func customer(_ text: String) throws(ServiceError) -> UUID? {
    guard !text.isEmpty else { return nil }
    guard let id = UUID(text) else { throw .validation("customerId: expected a user's id", field: "customerId") }
    return id
  }

  static func time(_ timestamp: Timestamp, field: String) throws(ServiceError) -> WallTime {
    guard (-62_135_596_800..<253_402_300_800).contains(timestamp.seconds), timestamp.nanos >= 0 else {
      throw .validation("\(field): expected a time in the years 1 to 9999", field: field)
    }
    return WallTime(microseconds: timestamp.seconds * 1_000_000 + Int64(timestamp.nanos) / 1000)
  }
}
