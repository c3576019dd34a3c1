import HTTP2
import Reactor
import Testing

@testable import RPC

@Suite("What follows when an attempt has ended")
struct CallDecisionTests {
  private static let rule = RetryRule(
    maximumAttempts: 4, initialBackoff: .milliseconds(50), maximumBackoff: .milliseconds(150))
  private static let now = Instant(nanoseconds: 1_000_000_000)

  private func call(
    _ idempotency: Idempotency = .read, retry: RetryRule? = rule, deadline: Deadline = .never, hasKey: Bool = true
  ) -> Call {
    Call(
      MethodDescriptor(path: "/a.B/C", idempotency: idempotency, retry: idempotency == .unspecified ? nil : retry),
      deadline: deadline, waitsForReady: false, hasKey: hasKey)
  }

  private func outcome(_ code: StatusCode, pushback: String? = nil, unseen: Bool = false) -> Attempt.Outcome {
    var trailers = HeaderFields()
    trailers.append("grpc-status", "\(code.rawValue)")
    if let pushback { trailers.append("grpc-retry-pushback-ms", pushback) }
    return Attempt.Outcome(
      result: .failure(RPCError(code, "", metadata: Metadata(received: trailers))), isUnseen: unseen)
  }

  private func steps(
    _ call: inout Call, _ outcomes: [Attempt.Outcome], hasHead: Bool = false,
    budget: RetryBudget = RetryBudget(ratio: 0.1, reserve: 100, maximum: 100)
  ) -> [Call.Step] {
    var budget = budget
    return outcomes.map { outcome in
      call.attemptStarted()
      return call.attemptEnded(outcome, hasHead: hasHead, now: Self.now, chance: 0.5, budget: &budget)
    }
  }

  @Test("only what is declared safe to repeat is repeated, and only when the server was not to be reached")
  func safeOnly() {
    for idempotency in [Idempotency.unspecified, .read, .idempotent, .keyed] {
      for code in StatusCode.allCases where code != .ok {
        var call = call(idempotency)
        let step = steps(&call, [outcome(code)])
        let isRepeated = idempotency != .unspecified && code == .unavailable
        #expect(step == [isRepeated ? .attemptAfter(.milliseconds(50)) : .finish], "\(idempotency) \(code)")
      }
    }
    var unruled = call(.read, retry: nil)
    #expect(steps(&unruled, [outcome(.unavailable)]) == [.finish])
  }

  @Test("a method that its key makes safe to repeat is not repeated without one")
  func keyless() {
    var keyless = call(.keyed, hasKey: false)
    #expect(steps(&keyless, [outcome(.unavailable)]) == [.finish])
    var unseen = call(.keyed, hasKey: false)
    #expect(steps(&unseen, [outcome(.unavailable, unseen: true)]) == [.attempt])
    for idempotency in [Idempotency.read, .idempotent] {
      var safe = call(idempotency, hasKey: false)
      #expect(steps(&safe, [outcome(.unavailable)]) == [.attemptAfter(.milliseconds(50))])
    }
  }

  @Test("the waits double up to the rule's longest, and the attempts end with the rule's last")
  func attempts() {
    var call = call()
    let unavailable = [Attempt.Outcome](repeating: outcome(.unavailable), count: 4)
    #expect(
      steps(&call, unavailable) == [
        .attemptAfter(.milliseconds(50)), .attemptAfter(.milliseconds(100)), .attemptAfter(.milliseconds(150)), .finish,
      ])
    #expect(call.previousAttempts == 3)
  }

  @Test(
    "the server may name the wait, or forbid another attempt",
    arguments: [
      ("0", .attemptAfter(.zero)), ("70", .attemptAfter(.milliseconds(70))), ("-1", .finish), ("", .finish),
      ("soon", .finish), ("99999999999999999999", .finish), ("1.5", .finish),
    ] as [(String, Call.Step)])
  func pushback(text: String, step: Call.Step) {
    var call = call()
    #expect(steps(&call, [outcome(.unavailable, pushback: text)]) == [step])
    // A named wait begins the row of waits anew (A6).
    if step != .finish {
      #expect(steps(&call, [outcome(.unavailable)]) == [.attemptAfter(.milliseconds(50))])
    }
  }

  @Test("what the caller has seen something of, or what is not held any more, is never repeated")
  func committed() {
    for unseen in [false, true] {
      var begun = call()
      #expect(steps(&begun, [outcome(.unavailable, unseen: unseen)], hasHead: true) == [.finish])
      var released = call()
      released.isReplayable = false
      #expect(steps(&released, [outcome(.unavailable, unseen: unseen)]) == [.finish])
    }
  }

  @Test("what no server has looked at is repeated at once, whatever the method is, a few times, and is not counted")
  func unseen() {
    for idempotency in [Idempotency.unspecified, .read, .idempotent, .keyed] {
      var call = call(idempotency)
      let refused = [Attempt.Outcome](repeating: outcome(.unavailable, unseen: true), count: 3)
      let empty = RetryBudget(ratio: 0, reserve: 0, maximum: 0)
      #expect(steps(&call, refused, budget: empty) == [.attempt, .attempt, .finish])
      #expect(call.previousAttempts == 0)
    }
  }

  @Test("no retry without budget, and none that would outlast the deadline or is paid for in vain")
  func bounds() {
    var poor = call()
    #expect(steps(&poor, [outcome(.unavailable)], budget: RetryBudget(ratio: 0.1, reserve: 0, maximum: 9)) == [.finish])
    var hurried = call(deadline: Deadline(Self.now.advanced(by: .milliseconds(50))))
    var budget = RetryBudget(ratio: 0, reserve: 1, maximum: 1)
    hurried.attemptStarted()
    let step = hurried.attemptEnded(
      outcome(.unavailable), hasHead: false, now: Self.now, chance: 0.5, budget: &budget)
    #expect(step == .finish)
    let isLeft = budget.takeRetry()
    #expect(isLeft)
  }

  @Test("success ends the call")
  func success() {
    var call = call()
    #expect(steps(&call, [Attempt.Outcome(result: .success(Metadata()))]) == [.finish])
  }
}

@Suite("How an attempt ends")
struct AttemptTests {
  @Test("the server has seen nothing of what did not leave, and of what it refuses before it answers")
  func unseen() {
    for code in 0...13 {
      let code = HTTP2ErrorCode(rawValue: UInt32(code))
      for hasLeft in [false, true] {
        for isLost in [false, true] {
          for hasHead in [false, true] {
            var attempt = Attempt()
            if hasHead { attempt.response([":status": "200", "content-type": "application/grpc"], endsStream: false) }
            let outcome = attempt.closed(
              code: code, hasLeft: hasLeft, isConnectionLost: isLost, isFieldLimitExceeded: false)
            let expected = isLost ? !hasLeft : code == .refusedStream && !hasHead
            #expect(outcome.isUnseen == expected, "\(code) \(hasLeft) \(isLost) \(hasHead)")
          }
        }
      }
    }
  }
}
