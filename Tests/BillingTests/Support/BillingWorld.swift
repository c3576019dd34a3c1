import Postgres
import Protobuf
import RPC
import Reactor
import Schema
import Auth
import ServiceKit
import ServiceTesting

@testable import Billing

extension ServiceCatalogue {
  /// Billing with what its tables refer to.
  static let billing = ServiceCatalogue([.auth, .billing])
}

/// The billing service over a database of its own with the demo data.
final class BillingWorld: Sendable {
  let database: TestDatabase
  let client: BillingV1.BillingClient
  let time = TestClock()
  private let service: RunningService

  init() async throws {
    database = try await TestDatabase(.billing, demo: true)
    service = try await RunningService(.billing, over: database, clock: time.clock)
    client = BillingV1.BillingClient(service.channel)
  }

  /// Drains the service and waits for its end.
  func end() async throws { try await service.end() }

  /// The metadata that comes with the answer to a call.
  func metadata(_ path: String, _ message: [UInt8], _ options: CallOptions) async throws -> Metadata {
    try await service.channel.unaryBytes(path: path, message: message, options: options).initialMetadata
  }

  /// The entity tag of the answer to a call.
  func tag(_ path: String, _ message: [UInt8]) async throws -> String? {
    try await service.channel.unaryBytes(path: path, message: message, options: options()).initialMetadata["etag"]
  }

  /// A call on behalf of a user.
  func options(
    _ role: Role = .admin, tenant: UUID = DemoData.acme, named: UUID? = nil, key: String? = nil,
    user: String = "0000000a-0000-4000-8000-000000000001"
  ) throws -> CallOptions {
    var options = try service.options(user: user, tenant: tenant.description, role: role, named: named)
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
