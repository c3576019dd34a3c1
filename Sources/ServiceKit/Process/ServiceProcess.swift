internal import Glibc
public import Logging
public import Postgres
public import RPC
public import Reactor
internal import Schema

/// What a service is built from.
public struct ServiceContext: Sendable {
  public let group: EventLoopGroup
  public let database: Database
  public let metrics: MetricsRegistry
  public let logger: Logger
  public let clock: WallClock
  public let mode: RunMode
  /// Makes changes once, with their audit trail.
  public let changes: Changes
  public let reads: Reads
  private let givenTokens: JSONWebToken?
  private let channels: [String: Channel]
  private let signer: ClaimsSigner?

  init(_ definition: ServiceDefinition, _ configuration: ServiceConfiguration, group: EventLoopGroup) {
    self.group = group
    database = Database(group: group, configuration: configuration.database)
    metrics = MetricsRegistry(common: [("service", definition.name)])
    logger = Logger(label: definition.name) { _ in
      JSONLogHandler(service: definition.name, output: configuration.log, clock: configuration.clock)
    }
    clock = configuration.clock
    mode = configuration.mode
    changes = Changes(database: database, tables: definition.tables)
    reads = Reads(database: database, tables: definition.tables)
    givenTokens = configuration.accessTokens
    signer = configuration.signer
    // Only those that the definition names, whatever addresses are known.
    channels = configuration.peers.filter { definition.calls.contains($0.key) }
      .mapValues { Channel(target: $0, group: group) }
  }

  /// A service that the definition names among those it calls.
  /// - Throws: when it names no such one, or the process was not told where it listens.
  public func channel(to service: String) throws(ServiceProcessError) -> Channel {
    guard let channel = channels[service] else { throw .missing("the address of \(service)") }
    return channel
  }

  /// What a call of the process carries: who it is, the tenant and the user it acts for, and the request it belongs to.
  /// - Throws: `ServiceProcessError.missing` when the process has no key.
  public func options(for principal: Principal) throws -> CallOptions {
    guard let signer else { throw ServiceProcessError.missing("a key to sign calls with") }
    var options = CallOptions(deadline: principal.deadline)
    options.metadata.append(
      try signer.signForService(
        now: clock.now, tenant: principal.tenant, onBehalfOf: UUID(principal.onBehalfOf) ?? UUID(principal.subject)),
      for: ClaimsInterceptor.claimsKey)
    if !principal.requestID.isEmpty { options.metadata.append(principal.requestID, for: "x-request-id") }
    if let key = principal.key { options.metadata.append(key, for: "idempotency-key") }
    return options
  }

  func closeChannels() async {
    for channel in channels.values { await channel.close() }
  }

  /// Signs access tokens.
  /// - Throws: when the process was not given their secret.
  public var accessTokens: JSONWebToken {
    get throws(ServiceProcessError) {
      guard let givenTokens else { throw .missing("the secret of access tokens") }
      return givenTokens
    }
  }
}

/// Why a process did not come up.
public enum ServiceProcessError: Error, Sendable, CustomStringConvertible {
  /// The role could see past its tenant, in so many words.
  case database([String])
  case reactor(ReactorError)
  /// Something the service needs was not in its configuration.
  case missing(String)

  public var description: String {
    switch self {
    case .database(let objections): "the database cannot be used safely: \(objections.joined(separator: "; "))"
    case .reactor(let error): "\(error)"
    case .missing(let what): "the configuration lacks \(what)"
    }
  }
}

/// One service as a process: loops, database, RPC server, internal page, watchdog; begins, serves, drains, ends.
public enum ServiceProcess {
  /// Where a running service is reached.
  public struct Addresses: Sendable {
    public let rpc: SocketAddress
    public let metrics: SocketAddress
  }

  /// Serves until `stop` is triggered, then drains and returns.
  ///
  /// `/health` answers 503, and `grpc.health.v1` NOT_SERVING, until calls are served and the database answers, 200 while both hold, 503 again from the moment of `stop`. A
  /// database that is down does not keep the process from coming up: calls are answered 503 until it is back.
  /// - Parameter started: told once the ports are bound.
  /// - Throws: `ServiceProcessError`.
  public static func run(
    _ definition: ServiceDefinition, _ configuration: ServiceConfiguration, until stop: StopSignal,
    started: (@Sendable (Addresses) -> Void)? = nil
  ) async throws {
    // A peer or a log reader that goes away must not end the process.
    signal(SIGPIPE, SIG_IGN)
    let group = try EventLoopGroup(
      count: configuration.loops ?? EventLoopGroup.availableCores, name: definition.name)
    let context = ServiceContext(definition, configuration, group: group)
    let result: Result<Void, any Error>
    do {
      let parts = try definition.make(context)
      defer { parts.close() }
      result = .success(try await serve(definition, parts, configuration, context, until: stop, started: started))
    } catch {
      result = .failure(error)
    }
    await context.closeChannels()
    await context.database.close()
    // Stopping joins the loops' threads, which blocks.
    try? await BlockingPool(threads: 1, queueLimit: 1).run { group.stop() }
    try result.get()
  }

  private static func serve(
    _ definition: ServiceDefinition, _ parts: ServiceParts, _ configuration: ServiceConfiguration,
    _ context: ServiceContext, until stop: StopSignal, started: (@Sendable (Addresses) -> Void)?
  ) async throws {
    let logger = context.logger
    let state = ProcessState()
    let databaseGuard = DatabaseGuard(context.database)
    let watchdog = Watchdog(context.group, threshold: .milliseconds(100)) { stall in
      logger.warning(
        "a loop is stuck",
        metadata: ["loop": "\(stall.loopName)", "duration_ms": "\(stall.duration.wholeMilliseconds)"])
    }
    context.group.connectionBudget.onPressure { logger.warning("\($0)") }
    LoopMetrics.register(context.group, in: context.metrics)
    DatabaseMetrics.register(context.database, in: context.metrics)
    context.metrics.total("cloudbill_log_lines_lost_total", "Lines of the log that nobody took.") {
      Double(configuration.log.lostLines)
    }
    let address = try SocketAddress(host: configuration.host, port: configuration.port)
    let page = try await InternalPage.start(
      on: SocketAddress(host: configuration.host, port: configuration.metricsPort), loop: context.group.loops[0],
      registry: context.metrics
    ) { state.isServing && databaseGuard.isReachable }
    do {
      // A role that sees too much is refused before anybody is served. A database that is away is looked at when it is back.
      if try await !databaseGuard.verify() { logger.warning("the database does not answer yet") }
      let server = Server(
        services: parts.services, configuration: serverConfiguration(definition, configuration, context),
        group: context.group)
      server.health.setAll(databaseGuard.isReachable ? .serving : .notServing)
      let bound = try await server.start(on: address)
      state.serving()
      logger.info("serving", metadata: ["address": "\(bound)", "metrics": "\(page.address)"])
      started?(Addresses(rpc: bound, metrics: page.address))
      let workers = WorkerRunner(parts.workers, of: definition.name, context)
      let failure = await firstOf(stop, databaseGuard, server.health)
      state.draining()
      logger.info("draining")
      async let stopped: Void = workers.stop(within: configuration.drainLimit)
      await server.drain(within: configuration.drainLimit)
      await stopped
      if let failure { throw failure }
    } catch {
      logger.critical("ended by a failure", metadata: ["error": "\(error)"])
      await page.close()
      throw error
    }
    await page.close()
    logger.info("stopped")
    withExtendedLifetime(watchdog) {}
  }

  /// Returns at `stop`, or with the reason why the process must not go on.
  private static func firstOf(
    _ stop: StopSignal, _ databaseGuard: DatabaseGuard, _ health: HealthStatus
  ) async -> ServiceProcessError? {
    let watching = Task<ServiceProcessError?, Never> {
      do throws(ServiceProcessError) {
        try await databaseGuard.watch { health.setAll($0 ? .serving : .notServing) }
        return nil
      } catch {
        stop.trigger()
        return error
      }
    }
    await stop.wait()
    watching.cancel()
    return await watching.value
  }

  private static func serverConfiguration(
    _ definition: ServiceDefinition, _ configuration: ServiceConfiguration, _ context: ServiceContext
  ) -> ServerConfiguration {
    var server = ServerConfiguration()
    let verifier = ClaimsVerifier(keys: configuration.claimsKeys, clock: configuration.clock)
    server.interceptors = [
      CallObserver(
        service: definition.name, group: context.group, registry: context.metrics,
        paths: definition.policies.keys.sorted(),
        output: configuration.logsCalls ? configuration.log : nil, clock: configuration.clock),
      ClaimsInterceptor(verifier: verifier, policies: definition.policies),
    ]
    server.forwardedMetadata = [
      "x-request-id", "traceparent", ClaimsInterceptor.tenantKey, ClaimsInterceptor.claimsKey,
    ]
    server.reflection = SchemaDescriptors.files
    return server
  }
}
