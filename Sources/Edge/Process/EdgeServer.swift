internal import RPC
internal import Reactor
internal import ServiceKit
internal import Synchronization

/// The edge on every loop of a group.
final class EdgeServer: Sendable {
  private let loops: [LoopBound<EdgeLoop>]
  private let counts: [ConnectionCount]

  init(context: EdgeContext, group: EventLoopGroup, output: LogOutput) {
    let edges = group.loops.map { loop in
      EdgeLoop(
        loop: loop, limits: context.configuration.limits,
        handler: EdgePipeline(context: context, loop: loop, output: output))
    }
    counts = edges.map(\.count)
    loops = edges.map { LoopBound($0, loop: $0.loop) }
  }

  /// Connections that are open now, on all loops.
  var openConnections: Int { counts.reduce(0) { $0 + $1.value } }

  /// Binds the address on every loop and begins to serve. Answers the address, its port filled in when 0 was asked for.
  func start(on address: SocketAddress) async throws(ReactorError) -> SocketAddress {
    let claimed = try TCPListener.claim(address)
    let balance = AcceptBalance()
    for edge in loops {
      let result: Result<SocketAddress, ReactorError> = await Task(executorPreference: edge.loop) {
        do throws(ReactorError) {
          return .success(try edge.value.listen(on: claimed, balance: balance))
        } catch {
          return .failure(error)
        }
      }.value
      do throws(ReactorError) {
        _ = try result.get()
      } catch {
        await closeAll()
        throw error
      }
    }
    return claimed
  }

  /// Takes no more connections, answers what has been asked, closes; cuts off what is left after `limit`.
  func drain(within limit: Duration) async {
    // On every loop first: a loop may have handed a new connection to one that would otherwise be drained before it comes.
    for edge in loops { await Task(executorPreference: edge.loop) { edge.value.stopListening() }.value }
    for edge in loops { await Task(executorPreference: edge.loop) { edge.value.beginDrain() }.value }
    let end = Instant.now().advanced(by: limit)
    while openConnections > 0, Instant.now() < end { try? await Task.sleep(for: .milliseconds(10)) }
    await closeAll()
  }

  private func closeAll() async {
    for edge in loops { await Task(executorPreference: edge.loop) { edge.value.closeAll() }.value }
  }
}

/// How many connections a loop holds: written by the loop, read by anybody.
final class ConnectionCount: Sendable {
  private let count = Atomic<Int>(0)

  var value: Int { count.load(ordering: .relaxed) }

  func set(_ value: Int) { count.store(value, ordering: .relaxed) }
}
