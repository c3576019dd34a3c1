/// How auth works. Every field says its unit and what it is when nobody sets it.
public struct AuthConfiguration: Sendable {
  public var lifetimes = TokenLifetimes()
  /// bcrypt's cost of new hashes; older ones of less are renewed at sign-in.
  public var passwordCost = 10
  /// Passwords compared at a time, and how many may wait.
  public var passwordThreads = 2
  public var passwordQueue = 256
  /// Attempts to sign in at an address before the next one has to wait.
  public var freeAttempts = 10
  /// The wait doubles with each attempt up to this; short, so that nobody can be kept out for long by a stranger.
  public var longestWait: Duration = .seconds(60)

  public init() {}

  /// The `iss` and `aud` of access tokens.
  public static let issuer = "cloudbill"
  public static let audience = "cloudbill"
}
