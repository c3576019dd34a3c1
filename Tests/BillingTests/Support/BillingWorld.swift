import Postgres
import Protobuf
import RPC
import Reactor
import Schema
import ServiceKit
import Synchronization
import TestSupport

@testable import Billing

/// The billing service as a process would run it, over a database of its own with the demo data, and a channel to it with the edge's
/// key.
final class BillingWorld: Sendable {
  let database: BillingDatabase
  let client: BillingV1.BillingClient
  let time = TestClock()
  private let signer: ClaimsSigner
  private let channel: Channel
  private let group: EventLoopGroup
  private let stop = StopSignal()
  private let process: Task<Void, any Error>

  enum Failure: Error { case setup }

  init() async throws {
    database = try BillingDatabase()
    try await DemoData.seed(conninfo: database.ownerConninfo)
    let key = try Ed25519PrivateKey()
    signer = try ClaimsSigner(issuer: "edge", key: key)
    let configuration = ServiceConfiguration(
      name: "billing", port: 0, metricsPort: 0,
      database: DatabaseConfiguration(conninfo: database.conninfo, connectionsPerLoop: 4),
      claimsKeys: [ClaimsKey(issuer: "edge", key: try key.publicKey, scope: .users)], loops: 2,
      drainLimit: .seconds(20), log: LogOutput(descriptor: -1), clock: time.clock)
    let (addresses, feed) = AsyncThrowingStream<ServiceProcess.Addresses, any Error>.makeStream()
    let stop = stop
    process = Task {
      do {
        try await BillingProcess.run(configuration, until: stop) { feed.yield($0) }
        feed.finish(throwing: Failure.setup)
      } catch {
        feed.finish(throwing: error)
        throw error
      }
    }
    var iterator = addresses.makeAsyncIterator()
    guard let bound = try await iterator.next() else { throw Failure.setup }
    group = try EventLoopGroup(count: 1, name: "caller")
    channel = Channel(target: [bound.rpc], group: group)
    client = BillingV1.BillingClient(channel)
  }

  /// Drains the service and waits for its end.
  func end() async throws {
    await channel.close()
    stop.trigger()
    try await process.value
    group.stop()
  }

  /// The entity tag of the answer to a call.
  func tag(_ path: String, _ message: [UInt8]) async throws -> String? {
    try await channel.unaryBytes(path: path, message: message, options: options()).initialMetadata["etag"]
  }

  /// A call on behalf of a user.
  func options(
    _ role: Role = .admin, tenant: UUID = DemoData.acme, named: UUID? = nil, key: String? = nil,
    user: String = "0000000a-0000-4000-8000-000000000001"
  ) throws -> CallOptions {
    var options = CallOptions(deadline: .after(.seconds(60)))
    options.metadata.append(
      try signer.sign(
        IdentityV1.Claims(
          subject: user, tenantID: tenant.description, role: role.message, sessionID: UUID.random().description,
          expiresAt: time.clock.now.advanced(by: .seconds(600)).timestamp, email: "someone@acme.test")),
      for: ClaimsInterceptor.claimsKey)
    if let named { options.metadata.append(named.description, for: ClaimsInterceptor.tenantKey) }
    if let key { options.metadata.append(key, for: "idempotency-key") }
    return options
  }
}

/// Runs `body` in a world of its own.
func withBilling(_ body: (BillingWorld) async throws -> Void) async throws {
  let world = try await BillingWorld()
  do {
    try await body(world)
  } catch {
    try? await world.end()
    throw error
  }
  try await world.end()
}

/// A clock whose hands tests turn.
final class TestClock: Sendable {
  private let shift = Atomic<Int64>(0)

  func advance(by seconds: Int64) { shift.add(seconds * 1_000_000, ordering: .sequentiallyConsistent) }

  var clock: WallClock {
    WallClock { [self] in
      WallTime(microseconds: WallClock.system.now.microseconds + shift.load(ordering: .sequentiallyConsistent))
    }
  }
}

/// What a call is answered with when it fails.
func failure<Reply>(_ call: () async throws(RPCError) -> Reply) async -> ServiceError? {
  do throws(RPCError) {
    _ = try await call()
    return nil
  } catch {
    return ServiceError(error) ?? ServiceError(error.code, "NO DETAIL", error.message)
  }
}
