internal import Postgres
internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// The service `cloudbill.auth.v1.Auth`.
struct AuthHandlers: AuthV1.AuthService {
  let signIn: SignIn
  let sessions: Sessions

  func login(_ request: AuthV1.LoginRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.LoginResponse {
    try await call.answer { try await signIn.login(email: request.email, password: request.password, call) }
  }

  func logout(_ request: AuthV1.LogoutRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.LogoutResponse {
    let claims = try call.claims
    return try await call.answer {
      try await sessions.end(claims, call)
      return AuthV1.LogoutResponse()
    }
  }

  func me(_ request: AuthV1.MeRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.User {
    let claims = try call.claims
    return try await call.answer { try await sessions.user(claims, call) }
  }

  func refresh(_ request: AuthV1.RefreshRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.RefreshResponse {
    try await call.answer { try await sessions.refresh(request.refreshToken, call) }
  }

  func checkSession(
    _ request: AuthV1.CheckSessionRequest, _ call: ServerCall
  ) async throws(RPCError) -> AuthV1.CheckSessionResponse {
    try await call.answer { try await sessions.check(request, call) }
  }
}
