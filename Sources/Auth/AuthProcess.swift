internal import RPC
internal import Reactor
public import ServiceKit

/// The auth service.
public enum AuthProcess {
  /// Serves until `stop` is triggered, then drains and returns; see `ServiceProcess.run`.
  public static func run(
    _ configuration: AuthConfiguration, until stop: StopSignal,
    started: (@Sendable (ServiceProcess.Addresses) -> Void)? = nil
  ) async throws {
    let pool = BlockingPool(threads: configuration.passwordThreads, queueLimit: configuration.passwordQueue)
    defer { pool.stop() }
    try await ServiceProcess.run(configuration.service, until: stop, started: started) { context in
      context.metrics.gauge("cloudbill_password_queue", "Passwords that wait to be compared.") {
        Double(pool.queued)
      }
      return [try service(configuration, context, pool)]
    }
  }

  static func service(
    _ configuration: AuthConfiguration, _ context: ServiceContext, _ pool: BlockingPool
  ) throws -> any Service {
    let repository = AuthRepository(database: context.database)
    let issuer = TokenIssuer(tokens: configuration.tokens, lifetimes: configuration.lifetimes)
    let signIn = SignIn(
      repository: repository, passwords: try PasswordChecker(pool: pool, cost: configuration.passwordCost),
      issuer: issuer,
      limits: SignIn.Limits(
        freeAttempts: configuration.freeAttempts, longestWait: configuration.longestWait,
        acceptsDemoPassword: configuration.isDevelopment),
      clock: context.clock)
    return AuthHandlers(
      signIn: signIn, sessions: Sessions(repository: repository, issuer: issuer, clock: context.clock))
  }
}
