import Glibc
import Synchronization

@testable import Reactor

/// An echo server on one loop, and a client beside it.
final class EchoWorld: Sendable {
  let group: EventLoopGroup
  let address: SocketAddress
  private let state: LoopBound<State>

  final class State {
    var listener: TCPListener?
    var open = 0
  }

  init(maximumBufferedBytes: Int = 64 * 1024 * 1024) async throws {
    let group = try EventLoopGroup(count: 1)
    self.group = group
    let loop = group.loops[0]
    (address, state) = try await Task(executorPreference: loop) {
      let state = State()
      let listener = try TCPListener(loop: loop, address: try SocketAddress(host: "127.0.0.1", port: 0)) { connection in
        connection.maximumBufferedBytes = maximumBufferedBytes
        connection.delegate = Echo(state: state)
        state.open += 1
      }
      state.listener = listener
      return (listener.localAddress, LoopBound(state, loop: loop))
    }.value
  }

  func stop() { group.stop() }

  func openConnections() async -> Int {
    await Task(executorPreference: group.loops[0]) { self.state.value.open }.value
  }

  /// Sends bytes on a new connection and collects as many.
  func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
    let loop = group.loops[0]
    return await withCheckedContinuation { continuation in
      loop.execute {
        TCPConnection.connect(loop: loop, address: self.address, timeout: .seconds(5)) { result in
          guard case .success(let connection) = result else { return continuation.resume(returning: []) }
          connection.delegate = Collector(expected: bytes.count) { continuation.resume(returning: $0) }
          connection.write(bytes)
        }
      }
    }
  }
}

final class Echo: TCPConnectionDelegate {
  let state: EchoWorld.State
  init(state: EchoWorld.State) { self.state = state }
  func received(_ bytes: RawSpan, from connection: TCPConnection) { connection.write(bytes) }
  func closed(_ connection: TCPConnection, error: ReactorError?) { state.open -= 1 }
}

private final class Collector: TCPConnectionDelegate {
  private var collected: [UInt8] = []
  private let expected: Int
  private let done: ([UInt8]) -> Void

  init(expected: Int, done: @escaping ([UInt8]) -> Void) {
    self.expected = expected
    self.done = done
  }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    bytes.withUnsafeBytes { collected.append(contentsOf: $0) }
    if collected.count >= expected { connection.close() }
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) { done(collected) }
}

/// A blocking client socket, so that the test's own side costs nothing but a descriptor. Nil when nobody listens.
func blockingConnect(_ address: SocketAddress) -> Int32? {
  let descriptor = streamSocket(address.family)
  guard address.withSocketAddress({ connect(descriptor, $0, $1) }) == 0 else {
    close(descriptor)
    return nil
  }
  return descriptor
}

func streamSocket(_ family: Int32, blocking: Bool = true) -> Int32 {
  let flags = SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue)
  return socket(family, Int32(SOCK_STREAM.rawValue | flags), 0)
}

/// Descriptors that one thread gathers for another.
final class Descriptors: Sendable {
  private let gathered = Mutex<[Int32]>([])
  var all: [Int32] { gathered.withLock { $0 } }
  func add(_ descriptor: Int32?) { gathered.withLock { if let descriptor { $0.append(descriptor) } } }
}

/// Raises the limit of open files as far as this user may and answers it.
func openFileLimit() -> Int {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  return Int(clamping: limit.rlim_cur)
}
