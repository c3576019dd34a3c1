internal import Postgres
internal import RPC
internal import Reactor
internal import Schema
public import ServiceKit

extension ServiceDefinition {
  /// Who signs in: tenants, users, sessions.
  public static let auth = auth(AuthConfiguration())

  /// The same with another configuration.
  public static func auth(_ configuration: AuthConfiguration) -> ServiceDefinition {
    ServiceDefinition(
      name: "auth", schema: "auth", port: 3001,
      migrations: [
        Migration(name: "0002_auth", file: PackageResources._002_auth_sql),
        ServiceTables.migration(
          name: "0004_auth", schema: "auth", before: PackageResources._004_auth_before_sql,
          after: PackageResources._004_auth_after_sql),
      ],
      protobufServices: ["cloudbill.auth.v1.Auth"], statements: AuthStatements.all, signsAccessTokens: true,
      demo: DemoUsers.statements
    ) { context in
      let pool = BlockingPool(threads: configuration.passwordThreads, queueLimit: configuration.passwordQueue)
      context.metrics.gauge("cloudbill_password_queue", "Passwords that wait to be compared.") {
        Double(pool.queued)
      }
      do {
        return ServiceParts(services: [try AuthHandlers(configuration, context, pool)]) { pool.stop() }
      } catch {
        pool.stop()
        throw error
      }
    }
  }
}

extension AuthHandlers {
  init(_ configuration: AuthConfiguration, _ context: ServiceContext, _ pool: BlockingPool) throws {
    let repository = AuthRepository(database: context.database, tables: context.changes.tables)
    let issuer = TokenIssuer(tokens: try context.accessTokens, lifetimes: configuration.lifetimes)
    signIn = SignIn(
      repository: repository, passwords: try PasswordChecker(pool: pool, cost: configuration.passwordCost),
      issuer: issuer,
      limits: SignIn.Limits(
        freeAttempts: configuration.freeAttempts, longestWait: configuration.longestWait,
        acceptsDemoPassword: context.mode == .development),
      clock: context.clock)
    sessions = Sessions(repository: repository, issuer: issuer, clock: context.clock)
  }
}
