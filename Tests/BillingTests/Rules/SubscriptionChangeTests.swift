import Postgres
import Schema
import ServiceKit
import Testing

@testable import Billing

@Suite("What becomes of a subscription")
struct SubscriptionChangeTests {
  private static let now = WallTime(seconds: 1_764_000_000)
  private static let statuses: [BillingV1.SubscriptionStatus] = [.active, .pastDue, .suspended, .cancelled, .expired]

  private func row(
    _ status: BillingV1.SubscriptionStatus = .active, autoRenew: Bool = true, trial: Bool = false
  ) throws -> SubscriptionRow {
    var request = BillingV1.CreateSubscriptionRequest(
      planID: "x", billingCycle: .monthly, currentPrice: .init(100), isTrial: trial)
    if trial { request.trialEndsAt = Self.now.advanced(by: .seconds(86_400)).timestamp }
    let start = Self.now.advanced(by: .seconds(-3600))
    let terms = try SubscriptionTerms(request, plan: nil, now: start)
    var row = SubscriptionRow(
      tenant: .random(), planID: "x", terms: terms, customer: nil, metadata: nil, now: start)
    row.status = status
    if [.cancelled, .expired].contains(status) || !autoRenew {
      row.autoRenew = false
      row.expiresAt = row.currentPeriodEnd
    }
    return row
  }

  @Test("cancelling at once ends every living subscription now", arguments: statuses)
  func immediately(_ status: BillingV1.SubscriptionStatus) throws {
    let row = try row(status)
    guard [.active, .pastDue, .suspended].contains(status) else {
      let error = #expect(throws: ServiceError.self) {
        try SubscriptionChange.cancel(row, immediately: true, now: Self.now)
      }
      #expect(error?.code == "SUBSCRIPTION_ENDED" && error?.status == .failedPrecondition)
      return
    }
    let ended = try #require(try SubscriptionChange.cancel(row, immediately: true, now: Self.now))
    #expect(ended.status == .cancelled && !ended.autoRenew)
    #expect(ended.cancelledAt == Self.now && ended.expiresAt == Self.now && ended.nextBillingDate == nil)
  }

  @Test("cancelling at the period's end keeps what is paid for, and asks for no more", arguments: statuses)
  func atPeriodEnd(_ status: BillingV1.SubscriptionStatus) throws {
    let row = try row(status)
    guard [.active, .pastDue].contains(status) else {
      let error = #expect(throws: ServiceError.self) {
        try SubscriptionChange.cancel(row, immediately: false, now: Self.now)
      }
      #expect(error?.code == (status == .suspended ? "SUBSCRIPTION_SUSPENDED" : "SUBSCRIPTION_ENDED"))
      return
    }
    let ending = try #require(try SubscriptionChange.cancel(row, immediately: false, now: Self.now))
    #expect(ending.status == status && !ending.autoRenew && ending.nextBillingDate == nil)
    #expect(ending.cancelledAt == Self.now && ending.expiresAt == row.currentPeriodEnd)
    #expect(try SubscriptionChange.cancel(ending, immediately: false, now: Self.now) == nil)
    // Who asked first is remembered when it ends sooner after all.
    let later = Self.now.advanced(by: .seconds(60))
    let over = try #require(try SubscriptionChange.cancel(ending, immediately: true, now: later))
    #expect(over.status == .cancelled && over.cancelledAt == Self.now && over.expiresAt == later)
  }

  @Test("when the period is over already, cancelling at its end is cancelling now")
  func afterPeriodEnd() throws {
    let row = try row()
    let ended = try #require(try SubscriptionChange.cancel(row, immediately: false, now: row.currentPeriodEnd))
    #expect(ended.status == .cancelled && ended.expiresAt == row.currentPeriodEnd)
  }

  @Test("the renewal is switched off and on again inside the period, never after it")
  func autoRenew() throws {
    let row = try row()
    #expect(row.nextBillingDate == row.currentPeriodEnd)
    let off = try SubscriptionChange.setAutoRenew(row, false, now: Self.now)
    #expect(!off.autoRenew && off.expiresAt == row.currentPeriodEnd && off.cancelledAt == nil)
    #expect(off.nextBillingDate == nil)
    let cancelled = try #require(try SubscriptionChange.cancel(off, immediately: false, now: Self.now))
    #expect(cancelled.cancelledAt == Self.now)
    let on = try SubscriptionChange.setAutoRenew(cancelled, true, now: Self.now)
    #expect(on.autoRenew && on.cancelledAt == nil && on.expiresAt == nil)
    let error = #expect(throws: ServiceError.self) {
      try SubscriptionChange.setAutoRenew(cancelled, true, now: row.currentPeriodEnd)
    }
    #expect(error?.code == "SUBSCRIPTION_ENDED")
  }

  @Test("one that was to end has ended when its end has come, and its end never moves later")
  func endHasCome() throws {
    for (asked, status) in [(true, BillingV1.SubscriptionStatus.cancelled), (false, .expired)] {
      let row = try row()
      let ending =
        asked
        ? try #require(try SubscriptionChange.cancel(row, immediately: false, now: Self.now))
        : try SubscriptionChange.setAutoRenew(row, false, now: Self.now)
      let end = try #require(ending.expiresAt)
      #expect(ending.asOf(end.advanced(by: .microseconds(-1))).status == .active)
      #expect(ending.asOf(end).status == status)
      for immediately in [true, false] {
        let error = #expect(throws: ServiceError.self) {
          try SubscriptionChange.cancel(ending, immediately: immediately, now: end.advanced(by: .seconds(864_000)))
        }
        #expect(error?.code == "SUBSCRIPTION_ENDED")
      }
    }
  }

  @Test("nothing brings an ended one back", arguments: [BillingV1.SubscriptionStatus.cancelled, .expired])
  func ended(_ status: BillingV1.SubscriptionStatus) throws {
    for autoRenew in [true, false] {
      let row = try row(status)
      let error = #expect(throws: ServiceError.self) {
        try SubscriptionChange.setAutoRenew(row, autoRenew, now: Self.now)
      }
      #expect(error?.code == "SUBSCRIPTION_ENDED")
    }
  }

  @Test("whatever is asked in whatever order, the invariants of the table hold", arguments: 0..<200 as Range<UInt64>)
  func anyOrder(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var row = try row(
      [.active, .pastDue, .suspended].randomElement(using: &random) ?? .active, trial: Bool.random(using: &random))
    var now = Self.now
    for _ in 0..<12 {
      now = now.advanced(by: .seconds(Int.random(in: 0...500_000, using: &random)))
      let before = row
      do throws(ServiceError) {
        switch Int.random(in: 0...2, using: &random) {
        case 0: row = try SubscriptionChange.cancel(row, immediately: Bool.random(using: &random), now: now) ?? row
        default: row = try SubscriptionChange.setAutoRenew(row, Bool.random(using: &random), now: now)
        }
      } catch {
        #expect(error.status == .failedPrecondition)
      }
      #expect(row.cancelledAt == nil || (!row.autoRenew && row.expiresAt != nil), "seed \(seed)")
      #expect(row.autoRenew == (row.expiresAt == nil), "seed \(seed)")
      if let end = before.expiresAt, let new = row.expiresAt { #expect(new <= end, "seed \(seed)") }
      #expect(row.status != .cancelled || (row.cancelledAt != nil && !row.autoRenew), "seed \(seed)")
      #expect(before.status != .cancelled || row.status == .cancelled, "seed \(seed)")
      #expect(row.currentPeriodEnd == before.currentPeriodEnd && row.currentPrice == before.currentPrice)
    }
  }
}
