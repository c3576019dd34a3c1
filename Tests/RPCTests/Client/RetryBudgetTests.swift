import Testing

@testable import RPC

@Suite("The budget of retries")
struct RetryBudgetTests {
  @Test("a server that is down is asked 1.1 times a call, however many calls there are")
  func amplification() {
    for calls in [0, 1, 9, 10, 11, 1000, 100_000] {
      var budget = RetryBudget(ratio: 0.1, reserve: 0, maximum: 100)
      var attempts = 0
      for _ in 0..<calls {
        budget.callStarted()
        attempts += 1
        while budget.takeRetry() { attempts += 1 }
      }
      #expect(attempts <= calls + calls / 10, "\(calls) calls: \(attempts) attempts")
      #expect(attempts == calls + calls / 10)
    }
  }

  @Test("a reserve is there from the start, and no more than the maximum is saved up")
  func bounds() {
    var budget = RetryBudget(ratio: 0.1, reserve: 3, maximum: 5)
    #expect((0..<4).map { _ in budget.takeRetry() } == [true, true, true, false])
    for _ in 0..<1000 { budget.callStarted() }
    #expect((0..<6).map { _ in budget.takeRetry() } == [true, true, true, true, true, false])
  }
}
