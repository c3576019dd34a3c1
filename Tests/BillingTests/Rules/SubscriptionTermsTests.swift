import Protobuf
import Schema
import ServiceKit
import Testing

@testable import Billing

@Suite("The terms of a new subscription")
struct SubscriptionTermsTests {
  typealias Create = BillingV1.CreateSubscriptionRequest

  private func time(_ text: String) throws -> WallTime {
    WallTime(seconds: try #require(TimeText.timestamp(Array(text.utf8))).seconds)
  }

  private func hand(_ change: (inout Create) -> Void = { _ in }) -> Create {
    var request = Create(planID: "x", billingCycle: .monthly, currentPrice: Int64Value(9900))
    change(&request)
    return request
  }

  @Test("the documented example: a first period that ends ten and a half hours before the month does")
  func example() throws {
    let now = try time("2025-11-24T10:30:00Z")
    let end = try time("2025-12-24T00:00:00Z")
    let terms = try SubscriptionTerms(hand { $0.currentPeriodEnd = end.timestamp }, plan: nil, now: now)
    #expect(terms.periodEnd == end && terms.anchor == end && terms.currency == "USD" && terms.price == 9900)
    #expect(terms.autoRenew && terms.trialEnd == nil)
    // The periods after it are counted from its end.
    #expect(BillingPeriod.end(1, anchor: terms.anchor, cycle: .monthly) == (try time("2026-01-24T00:00:00Z")))
  }

  @Test("a period end that is the full period's own is none of its own")
  func fullPeriod() throws {
    let now = try time("2025-01-31T08:00:00Z")
    let end = try time("2025-02-28T08:00:00Z")
    let terms = try SubscriptionTerms(hand { $0.currentPeriodEnd = end.timestamp }, plan: nil, now: now)
    // The anchor stays the 31st, so that March's period ends on it.
    #expect(terms.anchor == now && terms.periodEnd == end)
  }

  @Test("a period end before its beginning or after the full period is refused")
  func wrongEnd() throws {
    let now = try time("2025-01-31T08:00:00Z")
    for text in ["2025-01-31T08:00:00Z", "2024-12-31T08:00:00Z", "2025-02-28T08:00:01Z", "9999-12-31T23:59:59Z"] {
      let end = try time(text)
      let error = #expect(throws: ServiceError.self, "\(text)") {
        try SubscriptionTerms(hand { $0.currentPeriodEnd = end.timestamp }, plan: nil, now: now)
      }
      #expect(error?.field == "currentPeriodEnd" && error?.code == "VALIDATION_ERROR")
    }
  }

  @Test("a trial is the first period, and the periods that are paid are counted from its end")
  func trial() throws {
    let now = try time("2025-01-17T00:00:00Z")
    let end = try time("2025-01-31T00:00:00Z")
    let terms = try SubscriptionTerms(
      hand {
        $0.isTrial = true
        $0.trialEndsAt = end.timestamp
      }, plan: nil, now: now)
    #expect(terms.trialEnd == end && terms.periodEnd == end && terms.anchor == end)
    for text in ["2025-01-17T00:00:00Z", "2027-02-01T00:00:00Z"] {
      let wrong = try time(text)
      let error = #expect(throws: ServiceError.self) {
        try SubscriptionTerms(
          hand {
            $0.isTrial = true
            $0.trialEndsAt = wrong.timestamp
          }, plan: nil, now: now)
      }
      #expect(error?.field == "trialEndsAt")
    }
    let both = #expect(throws: ServiceError.self) {
      try SubscriptionTerms(
        hand {
          $0.isTrial = true
          $0.trialEndsAt = end.timestamp
          $0.currentPeriodEnd = end.timestamp
        }, plan: nil, now: now)
    }
    #expect(both?.field == "currentPeriodEnd")
  }

  @Test("any amount above zero is taken as it is, and no negative one", arguments: [1, 894, 895, Int64.max])
  func amounts(_ amount: Int64) throws {
    let now = try time("2025-01-31T08:00:00Z")
    #expect(
      try SubscriptionTerms(hand { $0.currentPrice = Int64Value(amount) }, plan: nil, now: now).price == amount)
    let error = #expect(throws: ServiceError.self) {
      try SubscriptionTerms(hand { $0.currentPrice = Int64Value(-amount - 1) }, plan: nil, now: now)
    }
    #expect(error?.field == "currentPrice")
  }

  @Test("only currencies that exist", arguments: ["usd", "US", "USDD", "ZZZ", "XXX", "ÀÉÍ", "U\u{0}D"])
  func currencies(_ code: String) throws {
    let now = try time("2025-01-31T08:00:00Z")
    let error = #expect(throws: ServiceError.self) {
      try SubscriptionTerms(hand { $0.currency = code }, plan: nil, now: now)
    }
    #expect(error?.field == "currency")
  }
}
