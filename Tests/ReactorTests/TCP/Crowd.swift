import Foundation
import Reactor
import TestSupport

/// Many idle connections, held by another process: both ends in one would need twice the descriptors.
struct Crowd {
  private let process: ChildProcess
  private let input = Pipe()

  init(of count: Int, at address: SocketAddress) throws {
    guard case .ipv4(_, let port) = address else { throw ReactorError.invalidAddress("IPv4 only") }
    process = try ChildProcess(
      TestEnvironment.python,
      [
        "-c",
        """
        import resource, socket, sys
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        held = [socket.create_connection(("127.0.0.1", \(port))) for _ in range(\(count))]
        sys.stdin.read()
        """,
      ], input: input.fileHandleForReading)
  }

  func leave() {
    try? input.fileHandleForWriting.close()
    process.wait()
  }
}
