public import Postgres
public import RPC
public import Schema

/// All that the rest of the program needs to know of a service. A service's target exports one; whatever goes over all services goes over
/// a `ServiceCatalogue` of them.
public struct ServiceDefinition: Sendable {
  /// The name on the command line, in logs, metrics and claims: `billing`.
  public let name: String
  /// The port of its RPC server when nothing is added to it. The page of metrics and health is `metricsPortDistance` above.
  public let port: UInt16
  /// The schema that its tables are in. Its role has rights there and nowhere else.
  public let schema: String
  /// Those of its tables that every service has.
  let tables: ServiceTables
  /// What its tables are made by, in the order of their names. The names of all services' migrations form one order.
  public let migrations: [Migration]
  /// The full names of the gRPC services it serves: `cloudbill.billing.v1.Billing`.
  public let protobufServices: [String]
  /// Who may call which method, by path.
  public let policies: [String: MethodPolicy]
  /// What the edge leads to it.
  public let routes: [RestRoute]
  /// Its declared statements, all of them: a test compares them with the migrated database.
  public let statements: [any AnyDeclaredStatement]
  /// The names of the services it calls.
  public let calls: [String]
  /// Whether it signs access tokens, and so is given their secret.
  public let signsAccessTokens: Bool
  /// Writes what it has of a tenant of the demo data, in the tenant's transaction and with the rights of the tables' owner.
  public let demo: @Sendable (_ tenant: DemoTenant, _ now: WallTime) -> [Statement]
  /// Makes what a process of it runs; called once a process.
  public let make: @Sendable (ServiceContext) throws -> ServiceParts

  /// Of a page of metrics and health above the port of its process.
  public static let metricsPortDistance: UInt16 = 100

  /// - Parameters:
  ///   - policies: those that the schema has of `protobufServices` by default.
  ///   - routes: likewise.
  public init(
    name: String, schema: StaticString, port: UInt16, migrations: [Migration], protobufServices: [String],
    statements: [any AnyDeclaredStatement] = [], policies: [String: MethodPolicy]? = nil, routes: [RestRoute]? = nil,
    calls: [String] = [],
    signsAccessTokens: Bool = false,
    demo: @escaping @Sendable (_ tenant: DemoTenant, _ now: WallTime) -> [Statement] = { _, _ in [] },
    make: @escaping @Sendable (ServiceContext) throws -> ServiceParts
  ) {
    self.name = name
    self.port = port
    self.schema = schema.description
    tables = ServiceTables(schema: schema)
    self.migrations = migrations
    self.protobufServices = protobufServices
    let prefixes = protobufServices.map { "/\($0)/" }
    func isOwn(_ path: String) -> Bool { prefixes.contains { path.utf8.starts(with: $0.utf8) } }
    self.policies = policies ?? MethodPolicies.all.filter { isOwn($0.key) }
    self.routes = routes ?? RestRoutes.all.filter { isOwn($0.rpcPath) }
    self.statements = statements
    self.calls = calls
    self.signsAccessTokens = signsAccessTokens
    self.demo = demo
    self.make = make
  }

  /// The database role that has the service's rights. Nobody logs in as it: an installation's login role is a member.
  public var databaseRole: String { Self.databaseRole(schema: schema) }

  static func databaseRole(schema: String) -> String { "\(schema)_app" }
}

/// What a process of a service runs.
public struct ServiceParts: Sendable {
  /// What its RPC server serves.
  public var services: [any Service]
  /// What it does by itself.
  public var workers: [Worker]
  /// Lets go of what was made beside them, when the last call has ended.
  public var close: @Sendable () -> Void

  public init(services: [any Service], workers: [Worker] = [], close: @escaping @Sendable () -> Void = {}) {
    self.services = services
    self.workers = workers
    self.close = close
  }
}
