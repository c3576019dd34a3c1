/// How long what auth gives out is good for (`system-design.md` section 5.3).
public struct TokenLifetimes: Sendable {
  /// Of an access token.
  public var access: Duration = .seconds(24 * 3600)
  /// Of a refresh token, and of a session that is not prolonged.
  public var refresh: Duration = .seconds(30 * 24 * 3600)
  /// For so long a used refresh token may be used again: the reply to the first use may have been lost.
  public var refreshGrace: Duration = .seconds(10)
  /// For so long the edge may remember that a session stands.
  public var sessionMemory: Duration = .seconds(5)

  public init() {}
}
