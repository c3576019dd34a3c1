/// When and how often a client may ask again by itself. Only methods that are declared safe to repeat (see `Idempotency`) have one.
public struct RetryRule: Sendable, Hashable {
  /// Attempts in all, the first one included.
  public let maximumAttempts: Int
  /// The wait before the second attempt; it doubles from there, with jitter.
  public let initialBackoff: Duration
  /// The longest wait between two attempts.
  public let maximumBackoff: Duration
  /// When set, a second attempt starts this long after the first without waiting for its failure.
  public let hedgingDelay: Duration?

  public init(
    maximumAttempts: Int, initialBackoff: Duration, maximumBackoff: Duration, hedgingDelay: Duration? = nil
  ) {
    self.maximumAttempts = maximumAttempts
    self.initialBackoff = initialBackoff
    self.maximumBackoff = maximumBackoff
    self.hedgingDelay = hedgingDelay
  }
}
