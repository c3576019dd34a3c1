import Glibc
import RPC
import Reactor

/// A server in a process of its own, for tests that limit or measure a process: its descriptors, its memory.
///
/// It prints the port it listens on, then answers the lines it reads: `reach PORT` connects to 127.0.0.1, `connections` prints the
/// figures of the budget. It ends when its input ends.
@main
struct ServerUnderTest {
  static func main() async throws {
    let group = try EventLoopGroup(count: 2)
    group.connectionBudget.onPressure { report in
      let line = Array("log: \(report)\n".utf8)
      _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
    let server = Server(services: [], group: group)
    let address = try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    say("\(address.port ?? 0)")
    while let line = readLine() {
      let words = line.split(separator: " ")
      switch words.first {
      case "reach": say(await reach(UInt16(words[1]) ?? 0, group.next()))
      case "connections":
        let figures = group.connectionBudget.statistics()
        say("\(figures.open) \(figures.maximum) \(figures.closedIdle) \(figures.refused) \(figures.exhaustions)")
      default: say("?")
      }
    }
  }

  /// Written at once: what is printed would wait in a buffer when standard output is a pipe.
  private static func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = Glibc.write(STDOUT_FILENO, line, line.count)
  }

  private static func reach(_ port: UInt16, _ loop: EventLoop) async -> String {
    await withCheckedContinuation { continuation in
      loop.execute {
        TCPConnection.connect(loop: loop, address: .ipv4(0x7F00_0001, port: port), timeout: .seconds(5)) { result in
          switch result {
          case .success(let connection):
            connection.close()
            continuation.resume(returning: "reached")
          case .failure(let error): continuation.resume(returning: "\(error)")
          }
        }
      }
    }
  }
}
