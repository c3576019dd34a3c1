import Foundation
import RPC
import Reactor
import TestSupport

/// A gRPC server of Google's Python package, running beside the test.
final class PythonServer {
  let address: SocketAddress
  private let process: ChildProcess
  private let input = Pipe()
  private let output = Pipe()

  init() throws {
    process = try ChildProcess(
      TestEnvironment.python,
      [TestEnvironment.root.appending(path: "Tests/RPCTests/Python/grpcio_server.py").path],
      input: input.fileHandleForReading, output: output.fileHandleForWriting)
    try output.fileHandleForWriting.close()
    // The server prints its port when it listens.
    let line = output.fileHandleForReading.availableData
    guard let port = UInt16(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    else {
      throw RPCError.unavailable("the Python server did not start")
    }
    address = try SocketAddress(host: "127.0.0.1", port: port)
  }

  /// Ends it: it stops when its input ends.
  func stop() {
    try? input.fileHandleForWriting.close()
    process.wait()
  }
}
