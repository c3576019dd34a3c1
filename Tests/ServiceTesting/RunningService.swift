public import Postgres
public import RPC
import Reactor
import Schema
public import ServiceKit
import Synchronization

/// A service as a process would run it, over a database, with a channel to it and the edge's key.
public final class RunningService: Sendable {
  public let addresses: ServiceProcess.Addresses
  public let channel: Channel
  public let signer: ClaimsSigner
  private let clock: WallClock
  private let group: EventLoopGroup
  private let stop = StopSignal()
  private let hasEnded = Atomic<Bool>(false)
  private let process: Task<Void, any Error>

  public enum Failure: Error { case setup }

  /// - Parameter adjust: changes what the process is told.
  public init(
    _ definition: ServiceDefinition, over database: TestDatabase, clock: WallClock = .system,
    adjusting adjust: (inout ServiceConfiguration) -> Void = { _ in }
  ) async throws {
    self.clock = clock
    let key = try Ed25519PrivateKey()
    signer = try ClaimsSigner(issuer: "edge", key: key)
    var configuration = ServiceConfiguration(
      port: 0, metricsPort: 0,
      database: DatabaseConfiguration(conninfo: database.conninfo(definition.name), connectionsPerLoop: 4),
      claimsKeys: [ClaimsKey(issuer: "edge", key: try key.publicKey, scope: .users)], loops: 2,
      drainLimit: .seconds(20), log: LogOutput(descriptor: -1), logsCalls: false, clock: clock)
    adjust(&configuration)
    let (feed, end) = AsyncThrowingStream<ServiceProcess.Addresses, any Error>.makeStream()
    process = Task { [configuration, stop] in
      do {
        try await ServiceProcess.run(definition, configuration, until: stop) { end.yield($0) }
        end.finish(throwing: Failure.setup)
      } catch {
        end.finish(throwing: error)
        throw error
      }
    }
    var iterator = feed.makeAsyncIterator()
    guard let addresses = try await iterator.next() else { throw Failure.setup }
    self.addresses = addresses
    group = try EventLoopGroup(count: 1, name: "caller")
    channel = Channel(target: [addresses.rpc], group: group)
  }

  /// What SIGTERM would say.
  public func tellToStop() { stop.trigger() }

  /// Drains the service and waits for its end. Nothing happens when that was done before.
  public func end() async throws {
    guard !hasEnded.exchange(true, ordering: .acquiringAndReleasing) else { return }
    stop.trigger()
    await channel.close()
    try await process.value
    group.stop()
  }

  /// A call on behalf of a user, as the edge makes it.
  /// - Parameter named: the tenant that the call names, when it names one.
  public func options(
    user: String, tenant: String, role: Role, session: String = UUID.random().description,
    email: String = "someone@acme.test", expiresAt: WallTime? = nil, named: UUID? = nil
  ) throws -> CallOptions {
    let expiry = expiresAt ?? clock.now.advanced(by: .seconds(600))
    var options = self.options
    options.metadata.append(
      try signer.sign(
        IdentityV1.Claims(
          subject: user, tenantID: tenant, role: role.message, sessionID: session, expiresAt: expiry.timestamp,
          email: email)), for: ClaimsInterceptor.claimsKey)
    if let named { options.metadata.append(named.description, for: ClaimsInterceptor.tenantKey) }
    return options
  }

  /// A call that the edge makes for itself.
  public func optionsForEdge() throws -> CallOptions {
    var options = options
    options.metadata.append(try signer.signForService(now: clock.now), for: ClaimsInterceptor.claimsKey)
    return options
  }

  /// A call of nobody.
  public var options: CallOptions { CallOptions(deadline: .after(.seconds(60))) }
}

/// The documented failure of a call that must fail; `nil` when it did not.
public func refusal<Reply>(_ call: () async throws -> Reply) async -> ServiceError? {
  do {
    _ = try await call()
    return nil
  } catch let error as RPCError {
    return ServiceError(error) ?? ServiceError(error.code, "NO DETAIL", error.message)
  } catch {
    return ServiceError(.unknown, "", "\(error)")
  }
}
