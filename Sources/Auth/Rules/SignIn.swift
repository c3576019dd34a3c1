internal import Postgres
internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// Signing in with an address and a password. Whether somebody has the address shows neither in the answer nor in the time it takes.
struct SignIn: Sendable {
  /// Bytes of the longest address.
  static let longestAddress = 255

  let repository: AuthRepository
  let passwords: PasswordChecker
  let issuer: TokenIssuer
  let limits: Limits
  let clock: WallClock

  struct Limits: Sendable {
    let freeAttempts: Int
    let longestWait: Duration
    /// Whether the demo data's password is accepted.
    let acceptsDemoPassword: Bool
  }

  func login(email: String, password: String, _ call: ServerCall) async throws -> AuthV1.LoginResponse {
    try validate(email: email, password: password)
    let context = AuditContext(call, clock)
    let attempt = try await repository.beginSignIn(
      email: email, at: context.time, freeAttempts: limits.freeAttempts,
      longestWait: limits.longestWait, deadline: context.deadline)
    guard case .counted(let candidate) = attempt else {
      guard case .mustWait(let seconds) = attempt else { throw ServiceError.unexpected }
      throw ServiceError.tooManyRequests("Too many attempts to sign in: wait before the next one", retryAfter: seconds)
    }
    let matches = try await passwords.matches(password, hash: candidate?.passwordHash)
    guard let candidate else { throw ServiceError.invalidCredentials }
    guard matches, limits.acceptsDemoPassword || password != DemoPassword.text else {
      recordLater(.signInFailed, candidate, context)
      throw ServiceError.invalidCredentials
    }
    return try await open(candidate, email: email, password: password, context)
  }

  private func open(
    _ candidate: AuthRepository.Candidate, email: String, password: String, _ context: AuditContext
  ) async throws -> AuthV1.LoginResponse {
    guard candidate.isActive else { throw try await refuse(candidate, email, context) }
    let token = try RefreshToken(tenant: candidate.tenant)
    let session = AuthRepository.NewSession(
      id: .random(), token: token, expiresAt: context.time.advanced(by: issuer.lifetimes.refresh),
      address: email, renewedHash: try await passwords.renewed(password, hash: candidate.passwordHash))
    let user: UserRow
    switch try await repository.openSession(session, for: candidate, context) {
    case .opened(let row): user = row
    case .passwordChanged: throw ServiceError.invalidCredentials
    case .inactive: throw try await refuse(candidate, email, context)
    }
    return AuthV1.LoginResponse(
      user: user.message, accessToken: issuer.accessToken(for: user, session: session.id, at: context.time),
      sessionID: session.id.description, expiresIn: issuer.accessSeconds, refreshToken: token.text,
      refreshExpiresIn: issuer.refreshSeconds)
  }

  /// The password was right, so how the account stands may be told.
  private func refuse(
    _ candidate: AuthRepository.Candidate, _ email: String, _ context: AuditContext
  ) async throws(DatabaseError) -> ServiceError {
    try await repository.forgetAttempts(email: email, at: context.time, deadline: context.deadline)
    try await repository.record(.signInRefused, tenant: candidate.tenant, user: candidate.user, context)
    return .accountSuspended
  }

  /// Writes the event without letting the caller wait: the time must not tell that somebody has the address.
  private func recordLater(_ event: AuditEvent, _ candidate: AuthRepository.Candidate, _ context: AuditContext) {
    let later = AuditContext(context, deadline: .after(SignIn.recordingPatience))
    Task { try? await repository.record(event, tenant: candidate.tenant, user: candidate.user, later) }
  }

  private static let recordingPatience: Duration = .seconds(10)

  private func validate(email: String, password: String) throws(ServiceError) {
    guard !email.isEmpty else { throw .validation("An email address is required", field: "email") }
    guard email.utf8.count <= Self.longestAddress, email.utf8.contains(0x40) else {
      throw .validation("This is not an email address", field: "email")
    }
    guard !password.isEmpty else { throw .validation("A password is required", field: "password") }
    guard password.utf8.count <= Bcrypt.longestPassword else {
      throw .validation("A password has at most \(Bcrypt.longestPassword) bytes", field: "password")
    }
  }
}
