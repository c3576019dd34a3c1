internal import Glibc
internal import Logging
internal import RPC
public import Reactor
public import Schema
public import ServiceKit

/// What an edge process is told at its start. Values, not flags: reading flags and files is the executable's work.
public struct EdgeSettings: Sendable {
  public var edge: EdgeConfiguration
  /// Verifies access tokens.
  public var tokens: JSONWebToken
  /// Vouches for who was verified.
  public var signer: ClaimsSigner
  /// Where each service listens, by name: `auth`, `billing`.
  public var services: [String: [SocketAddress]]
  /// What is served.
  public var routes: [RestRoute]
  /// Event loops; nil takes one a core.
  public var loops: Int?
  /// How long requests that are being answered may take when the process stops.
  public var drainLimit = Duration.seconds(8)
  public var logDescriptor: Int32 = 2

  public init(
    edge: EdgeConfiguration = EdgeConfiguration(), tokens: JSONWebToken, signer: ClaimsSigner,
    services: [String: [SocketAddress]], routes: [RestRoute] = RestRoutes.all, loops: Int? = nil
  ) {
    self.edge = edge
    self.tokens = tokens
    self.signer = signer
    self.services = services
    self.routes = routes
    self.loops = loops
  }
}

/// The edge as a process.
public enum EdgeProcess {
  /// The ports that were bound.
  public struct Addresses: Sendable {
    public let http: SocketAddress
    public let metrics: SocketAddress?
  }

  /// Serves until `stop` is triggered, then drains and returns.
  /// - Parameter started: told once the ports are bound.
  /// - Throws: `ReactorError` when a port cannot be bound, `EdgeError` when a service's address is missing.
  public static func run(
    _ settings: EdgeSettings, until stop: StopSignal, started: (@Sendable (Addresses) -> Void)? = nil
  ) async throws {
    // A peer or a log reader that goes away must not end the process.
    signal(SIGPIPE, SIG_IGN)
    let group = try EventLoopGroup(count: settings.loops ?? EventLoopGroup.availableCores, name: "edge")
    let result: Result<Void, any Error>
    do {
      result = .success(try await serve(settings, group, until: stop, started: started))
    } catch {
      result = .failure(error)
    }
    // Stopping joins the loops' threads, which blocks.
    try? await BlockingPool(threads: 1, queueLimit: 1).run { group.stop() }
    try result.get()
  }

  private static func serve(
    _ settings: EdgeSettings, _ group: EventLoopGroup, until stop: StopSignal,
    started: (@Sendable (Addresses) -> Void)?
  ) async throws {
    let output = LogOutput(descriptor: settings.logDescriptor)
    let logger = Logger(label: "edge") { _ in JSONLogHandler(service: "edge", output: output) }
    let registry = MetricsRegistry(common: [("service", "edge")])
    group.connectionBudget.onPressure { logger.warning("\($0)") }
    LoopMetrics.register(group, in: registry)
    let watchdog = Watchdog(group, threshold: .milliseconds(100)) { stall in
      logger.warning(
        "a loop is stuck", metadata: ["loop": "\(stall.loopName)", "durationMs": "\(stall.duration.wholeMilliseconds)"])
    }
    defer { withExtendedLifetime(watchdog) {} }
    let channels = settings.services.mapValues { Channel(target: $0, group: group) }
    let context = try EdgeContext(
      configuration: settings.edge, routes: settings.routes, channels: channels, tokens: settings.tokens,
      signer: settings.signer, registry: registry)
    let state = ProcessState()
    let server = EdgeServer(context: context, group: group, output: output)
    registry.gauge("cloudbill_http_connections", "Connections open now.") { Double(server.openConnections) }
    var page: InternalPage?
    if let address = settings.edge.metricsAddress {
      page = try await InternalPage.start(on: address, loop: group.loops[0], registry: registry) { state.isServing }
    }
    let limits = settings.edge.limits
    // Asked once before anybody is answered, so that the first answer is true.
    await context.health.ask(timeout: limits.healthTimeout)
    let watch = Task { await context.health.watch(every: limits.healthInterval, timeout: limits.healthTimeout) }
    defer { watch.cancel() }
    do {
      let bound = try await server.start(on: settings.edge.address)
      state.serving()
      logger.info("serving", metadata: ["address": "\(bound)", "metrics": "\(page.map { "\($0.address)" } ?? "none")"])
      started?(Addresses(http: bound, metrics: page?.address))
      await stop.wait()
      state.draining()
      logger.info("draining")
      await server.drain(within: settings.drainLimit)
      watch.cancel()
      await watch.value
      for channel in channels.values { await channel.close() }
    } catch {
      await page?.close()
      throw error
    }
    await page?.close()
    logger.info("stopped")
  }
}
