public import ServiceKit

/// What auth is told at its start.
public struct AuthConfiguration: Sendable {
  public var service: ServiceConfiguration
  /// Signs access tokens; the edge holds the same secret.
  public var tokens: JSONWebToken
  public var lifetimes = TokenLifetimes()
  /// bcrypt's cost of new hashes; older ones of less are renewed at sign-in.
  public var passwordCost = 10
  /// Passwords compared at a time, and how many may wait.
  public var passwordThreads: Int
  public var passwordQueue = 256
  /// Attempts to sign in at an address before the next one has to wait.
  public var freeAttempts = 10
  /// The wait doubles with each attempt up to this; short, so that nobody can be kept out for long by a stranger.
  public var longestWait: Duration = .seconds(60)
  /// Whether the demo data's password, which everybody knows, is accepted.
  public var isDevelopment: Bool

  public init(service: ServiceConfiguration, tokens: JSONWebToken, isDevelopment: Bool, passwordThreads: Int = 2) {
    self.service = service
    self.tokens = tokens
    self.isDevelopment = isDevelopment
    self.passwordThreads = passwordThreads
  }

  /// The `iss` and `aud` of access tokens.
  public static let issuer = "cloudbill"
  public static let audience = "cloudbill"
}
