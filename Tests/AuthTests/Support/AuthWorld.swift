import Postgres
import RPC
import Reactor
import Schema
import ServiceKit
import Synchronization
import TestSupport

@testable import Auth

/// The auth service as a process would run it, over a database of its own, and a channel to it with the edge's key.
final class AuthWorld: Sendable {
  let database: AuthDatabase
  let client: AuthV1.AuthClient
  let addresses: ServiceProcess.Addresses
  let tokens: JSONWebToken
  let signer: ClaimsSigner
  let time: TestClock
  private let channel: Channel
  private let group: EventLoopGroup
  private let stop: StopSignal
  private let process: Task<Void, any Error>

  /// bcrypt at its cheapest: what is tested is not the work.
  static let passwordHash = try? Bcrypt.hash(
    AuthDatabase.password, salt: [UInt8](repeating: 7, count: 16), cost: Bcrypt.costs.lowerBound)

  /// - Parameter earlier: a service that has ended, whose database and clock are taken over.
  init(after earlier: AuthWorld? = nil, adjusting adjust: (inout AuthConfiguration) -> Void = { _ in }) async throws {
    database = if let earlier { earlier.database } else { try await AuthDatabase() }
    time = earlier?.time ?? TestClock()
    let key = try Ed25519PrivateKey()
    signer = try ClaimsSigner(issuer: "edge", key: key)
    guard let tokenKey = TokenKey(id: "1", secret: [UInt8](repeating: 9, count: 32)) else { throw Failure.setup }
    tokens = JSONWebToken(
      issuer: AuthConfiguration.issuer, audience: AuthConfiguration.audience, signing: tokenKey)
    let service = ServiceConfiguration(
      name: "auth", port: 0, metricsPort: 0,
      database: DatabaseConfiguration(conninfo: database.conninfo, connectionsPerLoop: 4),
      claimsKeys: [ClaimsKey(issuer: "edge", key: try key.publicKey, scope: .users)], loops: 2,
      drainLimit: .seconds(20), logsCalls: false, clock: time.clock)
    var configuration = AuthConfiguration(service: service, tokens: tokens, isDevelopment: true)
    adjust(&configuration)
    stop = StopSignal()
    let (running, started) = Self.run(configuration, stop)
    process = running
    addresses = try await started.value
    group = try EventLoopGroup(count: 1, name: "caller")
    channel = Channel(target: [addresses.rpc], group: group)
    client = AuthV1.AuthClient(channel)
  }

  enum Failure: Error { case setup }

  private static func run(
    _ configuration: AuthConfiguration, _ stop: StopSignal
  ) -> (Task<Void, any Error>, Task<ServiceProcess.Addresses, any Error>) {
    let (addresses, feed) = AsyncThrowingStream<ServiceProcess.Addresses, any Error>.makeStream()
    let running = Task {
      do {
        try await AuthProcess.run(configuration, until: stop) { feed.yield($0) }
        feed.finish(throwing: Failure.setup)
      } catch {
        feed.finish(throwing: error)
        throw error
      }
    }
    let started = Task {
      for try await address in addresses { return address }
      throw Failure.setup
    }
    return (running, started)
  }

  /// What SIGTERM would say.
  func tellToStop() { stop.trigger() }

  /// Drains the service and waits for its end.
  func end() async throws {
    stop.trigger()
    await channel.close()
    try await process.value
    group.stop()
  }

  // MARK: - Calls

  var options: CallOptions { CallOptions(deadline: .after(.seconds(60))) }

  /// Options of a call for whom a login's token names.
  func options(for login: AuthV1.LoginResponse) throws -> CallOptions {
    let claims = try tokens.verify(Array(login.accessToken.utf8)[...], now: time.clock.now.seconds)
    guard let role = Role(rawValue: claims.role) else { throw Failure.setup }
    var options = options
    options.metadata.append(
      try signer.sign(
        IdentityV1.Claims(
          subject: claims.subject, tenantID: claims.tenantID, role: role.message, sessionID: claims.sessionID,
          expiresAt: WallTime(seconds: claims.expiresAt).timestamp, email: claims.email)),
      for: ClaimsInterceptor.claimsKey)
    return options
  }

  /// Options of a call that the edge makes for itself.
  func optionsForEdge() throws -> CallOptions {
    var options = options
    options.metadata.append(try signer.signForService(now: time.clock.now), for: ClaimsInterceptor.claimsKey)
    return options
  }

  func login(_ email: String, _ password: String = AuthDatabase.password) async throws(RPCError) -> AuthV1.LoginResponse
  {
    try await client.login(AuthV1.LoginRequest(email: email, password: password), options: options)
  }

  func refresh(_ token: String) async throws(RPCError) -> AuthV1.RefreshResponse {
    try await client.refresh(AuthV1.RefreshRequest(refreshToken: token), options: options)
  }

  func check(
    _ login: AuthV1.LoginResponse, tenant: String = "", user: String? = nil
  ) async throws -> AuthV1.CheckSessionResponse {
    try await client.checkSession(
      AuthV1.CheckSessionRequest(
        sessionID: login.sessionID, userID: user ?? login.user?.id ?? "", tenantID: tenant),
      options: optionsForEdge())
  }
}

/// A clock whose hands a test turns.
final class TestClock: Sendable {
  private let seconds = Atomic<Int64>(1_700_000_000)

  var clock: WallClock { WallClock { [self] in WallTime(seconds: seconds.load(ordering: .relaxed)) } }

  func advance(by duration: Duration) { seconds.wrappingAdd(duration.components.seconds, ordering: .relaxed) }
}

/// The documented failure of a call that must fail; `nil` when it did not.
func refusal<Reply>(_ call: () async throws -> Reply) async -> ServiceError? {
  do {
    _ = try await call()
    return nil
  } catch let error as RPCError {
    return ServiceError(error) ?? ServiceError(error.code, "", error.message)
  } catch {
    return ServiceError(.unknown, "", "\(error)")
  }
}
