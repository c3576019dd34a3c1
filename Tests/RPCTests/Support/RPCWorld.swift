import Protobuf
import RPC
import Reactor

/// A server with a kitchen and a channel to it, each on loops of its own.
final class RPCWorld: Sendable {
  let kitchen = Kitchen()
  let server: Server
  let channel: Channel
  let address: SocketAddress
  let group: EventLoopGroup
  private let clientGroup: EventLoopGroup

  private init(_ configuration: ServerConfiguration, _ channelConfiguration: ChannelConfiguration) async throws {
    group = try EventLoopGroup(count: 1, name: "server")
    clientGroup = try EventLoopGroup(count: 1, name: "client")
    server = Server(services: [kitchen], configuration: configuration, group: group)
    address = try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    channel = Channel(target: [address], configuration: channelConfiguration, group: clientGroup)
  }

  static func run<R: Sendable>(
    server: ServerConfiguration = ServerConfiguration(), channel: ChannelConfiguration = ChannelConfiguration(),
    _ body: @Sendable (RPCWorld) async throws -> R
  ) async throws -> R {
    let world = try await RPCWorld(server, channel)
    defer {
      world.clientGroup.stop()
      world.group.stop()
    }
    return try await body(world)
  }

  /// Tells the kitchen what to do and answers what it said.
  func tell(_ command: String, options: CallOptions = CallOptions()) async throws(RPCError) -> String {
    let reply: StringValue = try await channel.unary(Kitchen.command, StringValue(command), options: options)
    return reply.value
  }

  /// What the kitchen said, or the error's description.
  func outcome(_ command: String) async -> String {
    do throws(RPCError) { return try await tell(command) } catch { return "\(error)" }
  }

  /// The error of a call that must fail.
  func failure(_ command: String, options: CallOptions = CallOptions()) async -> RPCError? {
    do throws(RPCError) {
      _ = try await tell(command, options: options)
      return nil
    } catch {
      return error
    }
  }

  /// The whole reply, metadata included.
  func reply(_ command: String, options: CallOptions = CallOptions()) async throws -> UnaryReply {
    try await channel.unaryBytes(
      path: Kitchen.command.path, message: try StringValue(command).serialized(), options: options)
  }

  /// Runs blocking code, such as another process, beside the loops.
  func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await Self.blockingThreads.run(body)
  }

  private static let blockingThreads = BlockingPool(threads: 4, queueLimit: 64)
}

/// Looks at a condition until it holds, for as long as even a busy machine may need.
func eventually(_ condition: @Sendable () async -> Bool) async -> Bool {
  let end = Instant.now().advanced(by: .seconds(20))
  while await !condition() {
    guard Instant.now() < end, (try? await Task.sleep(for: .milliseconds(5))) != nil else { return false }
  }
  return true
}
