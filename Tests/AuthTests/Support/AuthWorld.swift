import Postgres
import RPC
import Reactor
import Schema
import ServiceKit
import ServiceTesting
import TestSupport

@testable import Auth

extension ServiceCatalogue {
  static let auth = ServiceCatalogue([.auth])
}

/// The auth service over a database of its own with two tenants.
final class AuthWorld: Sendable {
  static let acme = "00000000-0000-0000-0000-000000000001"
  static let globex = "00000000-0000-0000-0000-000000000002"
  static let password = "Corr3ct-Horse"

  let database: TestDatabase
  let client: AuthV1.AuthClient
  let tokens: JSONWebToken
  let time: TestClock
  private let service: RunningService

  var addresses: ServiceProcess.Addresses { service.addresses }

  /// bcrypt at its cheapest: what is tested is not the work.
  static let passwordHash = try? Bcrypt.hash(
    password, salt: [UInt8](repeating: 7, count: 16), cost: Bcrypt.costs.lowerBound)

  /// - Parameters:
  ///   - earlier: a service that has ended, whose database and clock are taken over.
  ///   - adjust: changes how auth works.
  ///   - adjustProcess: changes what the process is told.
  init(
    after earlier: AuthWorld? = nil, adjusting adjust: (inout AuthConfiguration) -> Void = { _ in },
    process adjustProcess: (inout ServiceConfiguration) -> Void = { _ in }
  ) async throws {
    if let earlier {
      database = earlier.database
    } else {
      database = try await TestDatabase(.auth)
      try database.sql(
        """
        INSERT INTO auth.tenants (id, name, email) VALUES
          ('\(Self.acme)', 'Acme', 'office@acme.test'), ('\(Self.globex)', 'Globex', 'office@globex.test');
        """)
    }
    let time = earlier?.time ?? TestClock(at: WallTime(seconds: 1_700_000_000))
    self.time = time
    guard let tokenKey = TokenKey(id: "1", secret: [UInt8](repeating: 9, count: 32)) else { throw Failure.setup }
    let tokens = JSONWebToken(
      issuer: AuthConfiguration.issuer, audience: AuthConfiguration.audience, signing: tokenKey)
    self.tokens = tokens
    var configuration = AuthConfiguration()
    adjust(&configuration)
    service = try await RunningService(.auth(configuration), over: database, clock: time.clock) { process in
      process.accessTokens = tokens
      adjustProcess(&process)
    }
    client = AuthV1.AuthClient(service.channel)
  }

  enum Failure: Error { case setup }

  /// What SIGTERM would say.
  func tellToStop() { service.tellToStop() }

  /// Drains the service and waits for its end.
  func end() async throws { try await service.end() }

  // MARK: - Calls

  var options: CallOptions { service.options }

  /// Options of a call for whom a login's token names.
  func options(for login: AuthV1.LoginResponse) throws -> CallOptions {
    let claims = try tokens.verify(Array(login.accessToken.utf8)[...], now: time.clock.now.seconds)
    guard let role = Role(rawValue: claims.role) else { throw Failure.setup }
    return try service.options(
      user: claims.subject, tenant: claims.tenantID, role: role, session: claims.sessionID, email: claims.email,
      expiresAt: WallTime(seconds: claims.expiresAt))
  }

  /// Options of a call that the edge makes for itself.
  func optionsForEdge() throws -> CallOptions { try service.optionsForEdge() }

  func login(_ email: String, _ password: String = AuthWorld.password) async throws(RPCError) -> AuthV1.LoginResponse {
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

extension TestDatabase {
  /// Adds a user and answers its id.
  @discardableResult
  func addUser(
    _ email: String, role: String = "ADMIN", status: String = "ACTIVE", tenant: String = AuthWorld.acme,
    passwordHash: String
  ) throws -> String {
    let id = UUID.random().description
    try sql(
      """
      INSERT INTO auth.users (tenant_id, id, email, password_hash, first_name, last_name, role, status, email_verified)
      VALUES ('\(tenant)', '\(id)', '\(email)', '\(passwordHash)', 'Ada', 'Lovelace', '\(role)', '\(status)', true)
      """)
    return id
  }
}
