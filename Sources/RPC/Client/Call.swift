internal import Reactor

/// A call apart from the streams it is tried on: its method's policy, its deadline, its attempts. Says what follows when one has ended, by
/// gRPC's proposal A6. Pure: told the time and the chance.
struct Call {
  enum Step: Equatable {
    /// The outcome of the attempt is the outcome of the call.
    case finish
    /// The request is sent again now.
    case attempt
    /// The request is sent again after this time.
    case attemptAfter(Duration)
  }

  let method: MethodDescriptor
  let deadline: Deadline
  /// Waits for a connection instead of failing while there is none.
  let waitsForReady: Bool
  /// Whether the request carries an idempotency key, without which a method that is declared `keyed` is not safe to repeat.
  let hasKey: Bool
  /// Whether all that was sent of the request is still held.
  var isReplayable = true
  /// Attempts that the server may have looked at.
  private(set) var attempts = 0
  private var unseenAttempts = 0
  private var backoff: Backoff?

  /// Attempts that no server has looked at. Each is safe to repeat; the bound is for a server that refuses everything.
  static let maximumUnseenAttempts = 3

  init(_ method: MethodDescriptor, deadline: Deadline, waitsForReady: Bool, hasKey: Bool) {
    self.method = method
    self.deadline = deadline
    self.waitsForReady = waitsForReady
    self.hasKey = hasKey
  }

  /// Whether the request may be sent again although a server may have acted on it.
  private var isSafeToRepeat: Bool {
    switch method.idempotency {
    case .unspecified: false
    case .read, .idempotent: true
    case .keyed: hasKey
    }
  }

  /// The value of `grpc-previous-rpc-attempts`, which is not sent while it is 0.
  var previousAttempts: Int { max(0, attempts - 1) }

  mutating func attemptStarted() { attempts += 1 }

  /// - Parameters:
  ///   - hasHead: whether the caller may have seen something of the response: then nothing is repeated.
  ///   - chance: 0 to 1, spreads the wait.
  mutating func attemptEnded(
    _ outcome: Attempt.Outcome, hasHead: Bool, now: Instant, chance: Double, budget: inout RetryBudget
  ) -> Step {
    guard case .failure(let error) = outcome.result, isReplayable, !hasHead else { return .finish }
    if outcome.isUnseen {
      attempts -= 1
      unseenAttempts += 1
      return unseenAttempts < Self.maximumUnseenAttempts ? .attempt : .finish
    }
    guard let rule = method.retry, isSafeToRepeat, error.code == .unavailable,
      attempts < rule.maximumAttempts
    else { return .finish }
    let wait: Duration
    switch Pushback(error.metadata) {
    case .never: return .finish
    case .after(let time):
      backoff = nil
      wait = time
    case .none:
      var growing = backoff ?? Backoff(initial: rule.initialBackoff, maximum: rule.maximumBackoff)
      wait = growing.failed(chance: chance)
      backoff = growing
    }
    // A wait that outlasts the deadline would only change what the caller is told.
    guard now.advanced(by: wait) < deadline.instant, budget.takeRetry() else { return .finish }
    return .attemptAfter(wait)
  }

  /// What the server says of retries: `grpc-retry-pushback-ms`.
  private enum Pushback {
    case none
    case after(Duration)
    /// A negative time, or one that cannot be read.
    case never

    init(_ trailers: Metadata) {
      guard let text = trailers.fields["grpc-retry-pushback-ms"] else {
        self = .none
        return
      }
      if let time = Int64(text), time >= 0, time <= Int64(Int32.max) {
        self = .after(.milliseconds(time))
      } else {
        self = .never
      }
    }
  }
}
