import Foundation
import Postgres
import Protobuf
import RPC
import Reactor
import Schema
import ServiceKit
import Synchronization

@testable import Edge

/// An edge as a process would run it, over RPC servers that answer by rule: a session is ended when its id says so, a subscription is what
/// the request asks for.
final class EdgeWorld: Sendable {
  static let tenant = "00000000-0000-0000-0000-000000000001"
  static let other = "00000000-0000-0000-0000-000000000002"

  let port: UInt16
  let sessions: Sessions
  private let tokens: JSONWebToken
  private let group: EventLoopGroup
  private let server: Server
  private let stop = StopSignal()
  private let process: Task<Void, any Error>

  enum Failure: Error { case setup }

  init(adjusting adjust: (inout EdgeConfiguration) -> Void = { _ in }, logDescriptor: Int32 = -1) async throws {
    let sessions = Sessions()
    self.sessions = sessions
    group = try EventLoopGroup(count: 1, name: "services")
    let key = try Ed25519PrivateKey()
    let verifier = ClaimsVerifier(keys: [ClaimsKey(issuer: "edge", key: try key.publicKey, scope: .users)])
    var configuration = ServerConfiguration()
    configuration.interceptors = [ClaimsInterceptor(verifier: verifier)]
    server = Server(
      services: [FakeAuth(sessions: sessions), FakeBilling()], configuration: configuration, group: group)
    let address = try await server.start(on: SocketAddress(host: "127.0.0.1", port: 0))
    guard let tokenKey = TokenKey(id: "1", secret: [UInt8](repeating: 9, count: 32)) else { throw Failure.setup }
    tokens = JSONWebToken(issuer: "cloudbill", audience: "cloudbill", signing: tokenKey)
    var edge = EdgeConfiguration()
    edge.address = try SocketAddress(host: "127.0.0.1", port: 0)
    edge.metricsAddress = nil
    edge.logsRequests = false
    adjust(&edge)
    var settings = EdgeSettings(
      edge: edge, tokens: tokens, signer: try ClaimsSigner(issuer: "edge", key: key),
      services: ["auth": [address], "billing": [address]], loops: 2)
    settings.logDescriptor = logDescriptor
    let (addresses, feed) = AsyncThrowingStream<EdgeProcess.Addresses, any Error>.makeStream()
    let stop = stop
    process = Task { [settings] in
      do {
        try await EdgeProcess.run(settings, until: stop) { feed.yield($0) }
        feed.finish(throwing: Failure.setup)
      } catch {
        feed.finish(throwing: error)
        throw error
      }
    }
    var iterator = addresses.makeAsyncIterator()
    guard let bound = try await iterator.next(), let port = bound.http.port else { throw Failure.setup }
    self.port = port
  }

  func end() async throws {
    stop.trigger()
    try await process.value
    await server.close()
    group.stop()
  }

  /// Takes the services away.
  func stopServices() async { await server.close() }

  /// Lets the services say that they do or do not serve, as they do when their database is away.
  func setHealth(_ status: HealthStatus.Status) { server.health.setAll(status) }

  func token(
    _ role: Role = .admin, session: String = UUID().uuidString.lowercased(), tenant: String = EdgeWorld.tenant,
    lifetime: Int64 = 3600
  ) -> String {
    let now = Int64(Date().timeIntervalSince1970)
    sessions.begin(session, role, tenant: tenant)
    return String(
      decoding: tokens.sign(
        TokenClaims(
          subject: "0000000a-0000-4000-8000-000000000001", email: "admin@acme.test", tenantID: tenant,
          role: role.rawValue, sessionID: session, tokenID: "1", issuedAt: now - 10, expiresAt: now + lifetime)),
      as: UTF8.self)
  }

  /// One request on a connection of its own.
  func ask(
    _ method: String, _ path: String, token: String? = nil, tenant: String? = EdgeWorld.tenant, fields: [String] = [],
    body: String? = nil, readsBody: Bool = true
  ) throws -> RawClient.Answer {
    let client = try RawClient(port: port, timeoutSeconds: 60)
    var lines = ["\(method) \(path) HTTP/1.1", "host: edge"]
    if let token { lines.append("authorization: Bearer \(token)") }
    if let tenant { lines.append("x-tenant-id: \(tenant)") }
    if let body {
      lines.append("content-length: \(body.utf8.count)")
      if !fields.contains(where: { $0.lowercased().hasPrefix("content-type") }) {
        lines.append("content-type: application/json")
      }
    }
    client.send((lines + fields).joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    return try client.readAnswer(toHead: !readsBody)
  }

  /// Which sessions there are, which have ended, and how often was asked.
  final class Sessions: Sendable {
    private struct State {
      var roles: [String: Role] = [:]
      var tenants: [String: String] = [:]
      var ended: Set<String> = []
      var asked = 0
      var crossings: [String] = []
      var answer: (@Sendable () async -> Void)?
    }

    private let state = Mutex(State())
    func begin(_ id: String, _ role: Role, tenant: String) {
      state.withLock { state in
        state.roles[id] = role
        state.tenants[id] = tenant
      }
    }
    func change(_ id: String, to role: Role) { state.withLock { $0.roles[id] = role } }
    func role(_ id: String) -> Role? { state.withLock { $0.roles[id] } }
    func tenant(_ id: String) -> String? { state.withLock { $0.tenants[id] } }
    func noteCrossing(to tenant: String) { state.withLock { $0.crossings.append(tenant) } }
    /// The tenants that super admins were checked for, other than their own.
    var crossings: [String] { state.withLock { $0.crossings } }
    /// What a check waits for between looking at the session and answering.
    var delay: (@Sendable () async -> Void)? {
      get { state.withLock { $0.answer } }
      set { state.withLock { $0.answer = newValue } }
    }
    func end(_ id: String) { state.withLock { _ = $0.ended.insert(id) } }
    func ask(_ id: String) -> Bool {
      state.withLock { state in
        state.asked += 1
        return !state.ended.contains(id)
      }
    }
    var asked: Int { state.withLock { $0.asked } }
  }
}

/// Runs `body` in a world of its own.
func withEdge(
  adjusting adjust: (inout EdgeConfiguration) -> Void = { _ in }, logDescriptor: Int32 = -1,
  _ body: (EdgeWorld) async throws -> Void
) async throws {
  let world = try await EdgeWorld(adjusting: adjust, logDescriptor: logDescriptor)
  do {
    try await body(world)
  } catch {
    try? await world.end()
    throw error
  }
  try await world.end()
}

private struct FakeAuth: AuthV1.AuthService {
  let sessions: EdgeWorld.Sessions

  func login(_ request: AuthV1.LoginRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.LoginResponse {
    guard request.password == "right" else { throw .service(.invalidCredentials) }
    return AuthV1.LoginResponse(accessToken: "token", expiresIn: 86_400)
  }

  func logout(_ request: AuthV1.LogoutRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.LogoutResponse {
    if let session = try call.claims.session {
      sessions.end(session.description)
      call.tell([.session(session.description)])
    }
    return AuthV1.LogoutResponse()
  }

  func me(_ request: AuthV1.MeRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.User {
    AuthV1.User(id: try call.claims.subjectText, tenantID: try call.tenant.description)
  }

  func refresh(_ request: AuthV1.RefreshRequest, _ call: ServerCall) async throws(RPCError) -> AuthV1.RefreshResponse {
    throw .unimplemented("not here")
  }

  func checkSession(
    _ request: AuthV1.CheckSessionRequest, _ call: ServerCall
  ) async throws(RPCError) -> AuthV1.CheckSessionResponse {
    guard sessions.ask(request.sessionID), let own = sessions.tenant(request.sessionID) else {
      return AuthV1.CheckSessionResponse(state: .ended)
    }
    let role = sessions.role(request.sessionID)
    if request.tenantID != own {
      guard role == .superAdmin else { return AuthV1.CheckSessionResponse(state: .tenantDenied) }
      sessions.noteCrossing(to: request.tenantID)
    }
    await sessions.delay?()
    return AuthV1.CheckSessionResponse(
      state: .active, role: role?.message ?? .unspecified, tenantID: own, email: "a@acme.test")
  }
}

private struct FakeBilling: BillingV1.BillingService {
  func listPlans(_ request: BillingV1.ListPlansRequest, _ call: ServerCall) async throws(RPCError)
    -> BillingV1.ListPlansResponse
  {
    BillingV1.ListPlansResponse(
      pagination: CommonV1.Pagination(
        page: request.page?.value ?? 1, limit: request.limit?.value ?? 20, total: 0, totalPages: 0))
  }

  func getPlan(_ request: BillingV1.GetPlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    BillingV1.Plan(id: request.id, tenantID: try call.tenant.description)
  }

  func createPlan(_ request: BillingV1.CreatePlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    BillingV1.Plan(id: request.id, price: request.price ?? 0, currency: request.currency)
  }

  func updatePlan(_ request: BillingV1.UpdatePlanRequest, _ call: ServerCall) async throws(RPCError) -> BillingV1.Plan {
    BillingV1.Plan(id: request.id, description: (request.updateMask?.paths ?? []).joined(separator: ","))
  }

  func createSubscription(
    _ request: BillingV1.CreateSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    BillingV1.Subscription(
      id: "s", planID: request.planID, currentPrice: request.currentPrice?.value ?? 0, currency: request.currency,
      customerID: call.metadata["idempotency-key"] ?? "")
  }

  func listSubscriptions(
    _ request: BillingV1.ListSubscriptionsRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.ListSubscriptionsResponse {
    BillingV1.ListSubscriptionsResponse(
      subscriptions: request.status == .unspecified ? [] : [BillingV1.Subscription(status: request.status)],
      pagination: CommonV1.Pagination(page: request.page?.value ?? 1))
  }

  func getSubscription(
    _ request: BillingV1.GetSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    switch request.id {
    case "slow": try? await Task.sleep(for: .seconds(60))
    case "broken": throw .internal("a secret detail")
    case "shedding": throw .resourceExhausted("the server is at its limit of calls, try again")
    case "limited": throw .service(.tooManyRequests("Slow down", retryAfter: 7))
    case "large": return BillingV1.Subscription(id: String(repeating: "x", count: 100_000))
    case "deep":
      // What a body of the deepest JSON allowed could have stored.
      let nested = (0..<60).reduce(Value.number(1)) { value, _ in .object(["a": value]) }
      return BillingV1.Subscription(id: "deep", metadata: ["a": nested])
    case "versioned": call.responseMetadata.append("\"7\"", for: "etag")
    case "missing": throw .service(.notFound("Subscription not found"))
    case "request-id": return BillingV1.Subscription(id: call.requestID)
    default: break
    }
    // A service may tell of any change, with its answer or with its failure.
    for (prefix, change) in [("user-", SessionChange.user), ("tenant-", SessionChange.tenant)]
    where request.id.hasPrefix(prefix) {
      call.tell([change(String(request.id.dropFirst(prefix.count)))])
    }
    if request.id.hasPrefix("failing-") {
      let change = SessionChange.user(String(request.id.dropFirst("failing-".count)))
      var error = RPCError.service(.conflict("no"))
      error.metadata.append(SessionChange.text([change]), for: SessionChange.key)
      throw error
    }
    return BillingV1.Subscription(id: request.id, tenantID: try call.tenant.description)
  }

  func updateSubscription(
    _ request: BillingV1.UpdateSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    if call.metadata["if-match"] == "\"1\"" {
      throw .service(ServiceError(.failedPrecondition, "VERSION_MISMATCH", "It has been changed meanwhile"))
    }
    call.responseMetadata.append("\"2\"", for: "etag")
    return BillingV1.Subscription(id: request.id, planID: (request.updateMask?.paths ?? []).joined(separator: ","))
  }

  func cancelSubscription(
    _ request: BillingV1.CancelSubscriptionRequest, _ call: ServerCall
  ) async throws(RPCError) -> BillingV1.Subscription {
    BillingV1.Subscription(id: request.id, autoRenew: request.immediately)
  }
}
