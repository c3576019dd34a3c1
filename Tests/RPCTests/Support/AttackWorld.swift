import Protobuf
import RPC
import Reactor
import Synchronization
import Testing

/// A server whose time is a test's, peers that attack it, and a neighbour that must not notice.
final class AttackWorld: Sendable {
  let clock = ManualClock()
  let server: Server
  let address: SocketAddress
  let stubborn = Stubborn()
  private let group: EventLoopGroup
  private let peers: EventLoopGroup
  private let neighbour: Channel

  private init(_ configuration: ServerConfiguration) async throws {
    group = try EventLoopGroup(count: 1, name: "server", clock: clock)
    peers = try EventLoopGroup(count: 1, name: "peers", clock: clock)
    server = Server(services: [Kitchen(), stubborn], configuration: configuration, group: group)
    address = try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    neighbour = Channel(target: [address], group: peers)
  }

  static func run(
    _ configuration: ServerConfiguration = ServerConfiguration(), _ body: (AttackWorld) async throws -> Void
  ) async throws {
    let world = try await AttackWorld(configuration)
    defer {
      world.peers.stop()
      world.group.stop()
    }
    try await body(world)
  }

  /// Runs `body` with a new connection, on its loop.
  func attack(
    settings: [(UInt16, UInt32)] = [], _ body: @escaping @Sendable (FramePeer) -> Void = { _ in }
  ) async throws -> LoopBound<FramePeer> {
    let peer = try await FramePeer.connect(to: address, on: peers.loops[0], settings: settings)
    await clock.settle()
    await on(peer, body)
    await clock.settle()
    return peer
  }

  @discardableResult
  func on<R: Sendable>(_ peer: LoopBound<FramePeer>, _ body: @escaping @Sendable (FramePeer) -> R) async -> R {
    await Task(executorPreference: peer.loop) { body(peer.value) }.value
  }

  /// Calls of somebody else: each must be answered, and most of them at once.
  func expectNeighbourServed(_ count: Int = 20, sourceLocation: SourceLocation = #_sourceLocation) async {
    var times: [Duration] = []
    for index in 0..<count {
      let start = Instant.now()
      do throws(RPCError) {
        let reply: StringValue = try await neighbour.unary(Kitchen.command, StringValue("\(index)"))
        #expect(reply.value == "\(index)!", sourceLocation: sourceLocation)
      } catch {
        Issue.record("the neighbour's call failed: \(error)", sourceLocation: sourceLocation)
      }
      times.append(start.duration(to: .now()))
    }
    let median = times.sorted()[count / 2]
    #expect(median < .milliseconds(100), sourceLocation: sourceLocation)
  }

  /// The status of `grpc.health.v1.Health/Check`.
  func health() async -> StatusCode {
    do throws(RPCError) {
      _ = try await neighbour.unaryBytes(path: "/grpc.health.v1.Health/Check", message: [])
      return .ok
    } catch {
      return error.code
    }
  }

  /// What `size` and `large` of the kitchen answer to texts of that length.
  func size(of count: Int) async -> String {
    do throws(RPCError) {
      let text = "size " + String(repeating: "s", count: count - 5)
      let reply: StringValue = try await neighbour.unary(Kitchen.command, StringValue(text))
      return reply.value
    } catch {
      return "\(error)"
    }
  }

  func large(_ count: Int) async -> Int? {
    do throws(RPCError) {
      let reply: StringValue = try await neighbour.unary(Kitchen.command, StringValue("large \(count)"))
      return reply.value.utf8.count
    } catch {
      return nil
    }
  }

  func call(_ method: MethodDescriptor, _ options: CallOptions = CallOptions()) async -> StatusCode {
    do throws(RPCError) {
      let _: StringValue = try await neighbour.unary(method, StringValue("x"), options: options)
      return .ok
    } catch {
      return error.code
    }
  }
}

/// Handlers that do not do what they are asked.
final class Stubborn: Service {
  /// Does not notice that it is cancelled; returns when it is told to.
  static let hold = MethodDescriptor(service: "test.Stubborn", name: "Hold", kind: .unary)
  /// Takes no message.
  static let ignore = MethodDescriptor(service: "test.Stubborn", name: "Ignore", kind: .clientStreaming)

  private let held = Mutex<[CheckedContinuation<Void, Never>]>([])

  var heldCount: Int { held.withLock { $0.count } }

  func letGo() {
    let all = held.withLock { held in
      defer { held = [] }
      return held
    }
    for continuation in all { continuation.resume() }
  }

  var methods: [ServerMethod] { [.unary(Self.hold, hold), .clientStreaming(Self.ignore, ignore)] }

  private func hold(_ request: StringValue, _ call: ServerCall) async throws(RPCError) -> StringValue {
    await withCheckedContinuation { continuation in held.withLock { $0.append(continuation) } }
    return request
  }

  private func ignore(_ reader: MessageReader<StringValue>, _ call: ServerCall) async throws(RPCError) -> StringValue {
    await withCheckedContinuation { continuation in held.withLock { $0.append(continuation) } }
    return StringValue("")
  }
}
