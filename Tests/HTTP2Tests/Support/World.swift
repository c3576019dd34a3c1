import HTTP2
import Reactor

/// A server on a loop of its own, for one test.
final class World: Sendable {
  let loop: EventLoop
  let address: SocketAddress
  private let group: EventLoopGroup
  private let server: LoopBound<TestServer>

  private init(limits: HTTP2Limits) async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    self.group = group
    self.loop = loop
    (server, address) = try await Task(executorPreference: loop) {
      let server = try TestServer(loop: loop, limits: limits)
      return (LoopBound(server, loop: loop), server.address)
    }.value
  }

  /// Makes a world for `body` and takes it down afterwards.
  static func run<R: Sendable>(
    limits: HTTP2Limits = HTTP2Limits(), _ body: @Sendable (World) async throws -> R
  ) async throws -> R {
    let world = try await World(limits: limits)
    defer { world.group.stop() }
    return try await body(world)
  }

  /// Runs `body` on the server's loop, where it may touch the server and make clients.
  func onLoop<R: Sendable>(_ body: @escaping @Sendable (TestServer) async throws -> R) async throws -> R {
    try await Task(executorPreference: loop) { [server] in try await body(server.value) }.value
  }

  /// Runs blocking code, such as another process, beside the loop.
  func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await Self.blockingThreads.run(body)
  }

  private static let blockingThreads = BlockingPool(threads: 4, queueLimit: 64)
}

/// A server, a client's connection to it and a body on their loop: what most tests need.
func withClient(
  server: HTTP2Limits = HTTP2Limits(), client: HTTP2Limits = HTTP2Limits(),
  _ body: @escaping @Sendable (TestServer, TestClient) async throws -> Void
) async throws {
  try await World.run(limits: server) { world in
    try await world.onLoop { server in
      try await body(server, try await TestClient(server.address, limits: client))
    }
  }
}

/// Looks at a condition until it holds, for as long as even a busy machine may need.
func eventually(_ condition: () -> Bool) async -> Bool {
  guard let loop = EventLoop.current else { return condition() }
  let end = Instant.now().advanced(by: .seconds(20))
  while !condition() {
    guard Instant.now() < end else { return false }
    do { try await loop.sleep(for: .milliseconds(2)) } catch { return false }
  }
  return true
}
