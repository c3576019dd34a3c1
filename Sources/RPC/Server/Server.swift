public import Reactor

/// Serves gRPC over HTTP/2 on every loop of a group. Once started it goes on until `drain` or `close`, or the group is stopped, also when nobody
/// holds it any more.
public final class Server: Sendable {
  private let group: EventLoopGroup
  private let servers: [LoopBound<LoopServer>]
  /// The health that `grpc.health.v1` tells. Serving from the start; `drain` says that it is over.
  public let health: HealthStatus

  /// - Parameter services: no two may have a method of the same path.
  public init(
    services: [any Service], configuration: ServerConfiguration = ServerConfiguration(), group: EventLoopGroup
  ) {
    self.group = group
    health = HealthStatus(services: services)
    var methods = services.flatMap(\.methods)
    if configuration.servesHealth { methods += HealthService(status: health).methods }
    methods += ReflectionService.methods(files: configuration.reflection, serving: methods)
    let table = MethodTable(methods.map { ServedMethod($0, configuration) })
    servers = group.loops.map { loop in
      LoopBound(
        LoopServer(loop: loop, configuration: configuration, methods: table, loops: group.loops.count), loop: loop)
    }
  }

  /// Binds the address on every loop and begins to serve. Answers the address, its port filled in when 0 was asked for.
  /// - Throws: `ReactorError.addressInUse`, `.invalidAddress`, `.systemCall`.
  public func start(on address: SocketAddress) async throws(ReactorError) -> SocketAddress {
    let claimed = try TCPListener.claim(address)
    let balance = AcceptBalance()
    for server in servers {
      let result: Result<Void, ReactorError> = await Task(executorPreference: server.loop) {
        do throws(ReactorError) {
          return .success(try server.value.listen(claimed, loops: self.servers.count, balance: balance))
        } catch {
          return .failure(error)
        }
      }.value
      do throws(ReactorError) {
        try result.get()
      } catch {
        await close()
        throw error
      }
    }
    return claimed
  }

  /// Calls that have begun and have not been answered.
  public func runningCalls() async -> Int {
    var count = 0
    for server in servers { count += await Task(executorPreference: server.loop) { server.value.calls }.value }
    return count
  }

  /// Handlers that run now, those whose call is over among them.
  public func runningHandlers() async -> Int {
    var count = 0
    for server in servers {
      count += await Task(executorPreference: server.loop) { server.value.runningHandlers }.value
    }
    return count
  }

  /// Bytes held for what waits, see `ServerConfiguration.maximumHeldBytes`.
  public func heldBytes() async -> Int {
    var count = 0
    for server in servers { count += await Task(executorPreference: server.loop) { server.value.heldBytes }.value }
    return count
  }

  /// The most bytes that were held at a time on each loop, together.
  public func highestHeldBytes() async -> Int {
    var count = 0
    for server in servers {
      count += await Task(executorPreference: server.loop) { server.value.budget.highestHeldByteCount }.value
    }
    return count
  }

  /// Ends in order: says NOT_SERVING, accepts nothing new, tells clients to go elsewhere (GOAWAY), lets running calls finish and closes.
  /// What still runs after `limit` is cut off.
  public func drain(within limit: Duration) async {
    health.setAll(.notServing)
    // On every loop first: a loop may have handed a new connection to one that would otherwise be drained before it comes.
    for server in servers { await Task(executorPreference: server.loop) { server.value.stopListening() }.value }
    await withTaskGroup(of: Void.self) { tasks in
      for server in servers {
        tasks.addTask { await Self.drain(server, within: limit) }
      }
    }
  }

  private static func drain(_ server: LoopBound<LoopServer>, within limit: Duration) async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      server.loop.execute {
        let loop = server.loop
        let timer = loop.schedule(after: limit) { server.value.close() }
        server.value.drain {
          loop.cancel(timer)
          continuation.resume()
        }
      }
    }
  }

  /// Ends at once; running calls are cut off.
  public func close() async {
    for server in servers { await Task(executorPreference: server.loop) { server.value.close() }.value }
  }
}
